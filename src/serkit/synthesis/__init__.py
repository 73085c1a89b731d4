"""A synthetic corpus in the shape of RAVDESS: a voice made of formulas, no recordings.

Read from the inside out: what is said (:mod:`~serkit.synthesis.sentences`), by what voice
(:mod:`~serkit.synthesis.voice`), in what mood (:mod:`~serkit.synthesis.prosody`), and which
clips are written where (:mod:`~serkit.synthesis.corpus`).
"""
