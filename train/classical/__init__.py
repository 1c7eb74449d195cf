"""Hand-made features, and the classifiers that a network has to beat.

All are measured on the same folds, with networks beside them.
"""
