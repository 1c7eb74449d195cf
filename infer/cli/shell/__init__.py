"""What a shell knows of ``melonnx``: words for its Tab key, and a manual page.

Both are read from the commands themselves. Nothing here hears music.
"""
