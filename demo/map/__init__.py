"""A library as a picture: near songs sound alike, colours are genres.

One HTML file that needs no server and no network. Start reading at ``document.py``.
"""
