"""The index of a library's embeddings, and the songs of it that are nearest to one.

Exact for thousands of songs; for millions by a graph that usearch builds.
"""
