"""The page's answers as HTML: what a song is, its moods, why, and the table of several.

Whatever a name holds, it is text here, and no card knows of Gradio.
"""
