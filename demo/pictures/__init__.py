"""Pictures of a song and of a collection, drawn by matplotlib.

Each is drawn onto axes that are given, from what the runtime found; no model is asked here.
"""
