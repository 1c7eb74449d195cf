"""Makes a model: data sets, log-mel cache, network, training, evaluation (extra ``train``)."""
