"""The page in the browser: what stands where, what happens, and what it takes at most.

No upload outlives its answer, and what the page does not need is refused.
"""
