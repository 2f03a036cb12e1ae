"""Lab: break it and repair it"""
