"""Lab: write your own revision"""
