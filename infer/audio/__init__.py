"""Any file, bytes, stream or array as mono float32 blocks at the wanted rate.

What the bytes are decides, never the name; what a header claims is never believed.
"""
