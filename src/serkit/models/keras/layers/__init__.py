"""Layers that Keras lacks, or that train faster on a CPU; each module imports Keras at its top."""
