"""Lab: roll back and repair"""
