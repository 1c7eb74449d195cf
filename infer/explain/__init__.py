"""Why an answer is what it is: where in a song it was found, and what becomes of it without.

A song is heard once for all of it; every claim is checked by asking the network again.
"""
