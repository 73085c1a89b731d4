"""Keras nets: reading, training, checkpoints; the nets and layers are packages below."""
