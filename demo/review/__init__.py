"""The page of ``melonnx review``: hear a library's songs, decide on their genres, write them.

It answers one person on the machine where the songs lie. Nothing is uploaded or copied, and only
what the results name is read.
"""
