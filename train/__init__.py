"""Makes a model: data sets, log-mel cache, network, fitting, evaluation (extra ``train``).

Every track goes through the runtime's own front end, so training and inference cannot drift apart.
Start reading at ``train.py``.
"""
