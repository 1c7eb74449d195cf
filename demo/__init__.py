"""The page and the pictures: what a song looks like, what it is told to be, and why.

Needs the extra ``demo``, and imports ``infer`` alone. Start reading at ``page/layout.py`` or at
``pictures/song.py``. ``web/`` is a page of its own, which hears songs in the browser, without
Python.
"""
