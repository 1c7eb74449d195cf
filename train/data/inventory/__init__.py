"""What a data set holds when all of it is decoded: counts, hours, broken files and duplicates.

Reads tracks and their audio; nothing that learns needs it.
"""
