"""Hand-made features and the classifiers that a network has to beat.

All on the same folds, networks beside.
"""
