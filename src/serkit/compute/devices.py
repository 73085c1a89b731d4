"""The names of devices and precisions that parameters take."""

from __future__ import annotations

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("float32", "bfloat16", "float16")
