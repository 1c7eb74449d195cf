"""Genres in the songs' own tags and in folders: read, decided, written, and undone.

Nothing but the genre changes, and every file can be what it was, to the byte.
"""
