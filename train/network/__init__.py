"""The networks: their layers, their linear heads, and their outputs in the file format.

Built here; what needs epochs is fitted in the next room.
"""
