"""A decoder a file, all of them behind one small description (``decoder.py``).

``choose.py`` takes the one for a file by its bytes, and is all that the reader knows of this room.
"""
