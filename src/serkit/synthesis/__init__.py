"""A synthetic corpus in the shape of RAVDESS: a voice made of formulas, no recordings.

The modules: sentences (:mod:`~serkit.synthesis.sentences`), voice (:mod:`~serkit.synthesis.voice`),
emotional prosody (:mod:`~serkit.synthesis.prosody`), and the files of the corpus
(:mod:`~serkit.synthesis.corpus`).
"""
