"""Tags as bytes: where each format keeps its genre, and everything else untouched.

Nothing here interprets a frame that is no genre: what is not changed is copied. All that is wrong
with a file is a TagError.
"""
