"""What a model is worth on songs whose genre is known: predictions, scores, robustness, report.

Songs are predicted through the runtime, as users hear them; scores carry intervals over artists.
"""
