"""The networks: their layers, what they begin with, and their outputs in the file format.

Built here, fitted in the next room.
"""
