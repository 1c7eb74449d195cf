"""Makes a model from a data set, and says what it is worth (extra ``train``).

The floors, from the ground: ``data``, ``settings``, ``network``, ``fit``, ``evaluate``,
``classical``; on top the run (``training_data``, ``train``, ``own_genres``) and the commands.
"""
