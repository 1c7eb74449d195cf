"""The pictures of a song and of a collection, drawn by matplotlib.

Each onto axes that are given; nothing is heard here.
"""
