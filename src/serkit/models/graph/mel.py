"""Mel power spectrograms inside an ONNX graph, from 16-bit samples.

ONNX has an operator for the short-time Fourier transform; on a CPU, onnxruntime takes 30 ms for
what matrix products do in a few. A frame of ``n = p * q`` samples is transformed in two steps
(Cooley and Tukey, 1965): ``p``-point transforms of samples that lie ``q`` apart, whose turn by the
twiddle factors is folded into the ``q``-point transforms that follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from serkit.dsp.mel import mel_bank
from serkit.dsp.stft import hann
from serkit.features import FeatureSpec

Array = npt.NDArray[np.float32]


class Operators(Protocol):
    """The part of :class:`serkit.models.graph.Graph` that is needed here."""

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add an operator."""

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """Add an array."""

    def cast(self, name: str, dtype: npt.DTypeLike) -> str:
        """Return a value in another type."""


def reads_samples(spec: FeatureSpec) -> bool:
    """Return whether a graph can compute a feature: a mel spectrogram whose frames touch."""
    return (
        spec.extractor == "mel"
        and not spec.voice
        and _whole(spec, "hop_length") <= _whole(spec, "n_fft")
    )


def mel_power(graph: Operators, samples: str, spec: FeatureSpec) -> str:
    """Add the mel spectrogram of one clip, as the extractor ``mel`` computes it.

    Args:
        graph: The graph.
        samples: int16 amplitudes at the recipe's rate, shape ``(n,)``.
        spec: The recipe.

    Returns:
        Powers of the live frames, shape ``(frames, bands)``, float32.
    """
    n_fft, hop, pad_to = (_whole(spec, name) for name in ("n_fft", "hop_length", "pad_to"))
    transform = Transform.of(n_fft)
    windowed = _windowed(graph, samples, n_fft, hop, pad_to)
    powers = _powers(graph, windowed, transform)
    bank = mel_bank(
        _whole(spec, "sample_rate"),
        n_fft,
        _whole(spec, "n_mels"),
        float(spec.parameters["fmin"] or 0),
        float(spec.parameters["fmax"] or 0) or None,
    )
    return graph.op("MatMul", powers, graph.constant(transform.weights(bank)))


def _whole(spec: FeatureSpec, name: str) -> int:
    return spec.whole(name) or 0


@dataclass(frozen=True)
class Transform:
    """A real Fourier transform as two matrix products.

    Attributes:
        inner: Points of the first step.
        outer: Points of the second; their product is the frame's length.
    """

    inner: int
    outer: int

    @classmethod
    def of(cls, n_fft: int) -> Transform:
        """Return the division into two steps that multiplies least."""
        divisors = [each for each in range(1, n_fft + 1) if n_fft % each == 0]
        cost = {p: (p // 2 + 1) * (n_fft // p) * 2 * (p + 2 * n_fft // p) for p in divisors}
        inner = min(divisors, key=lambda p: cost[p])
        return cls(inner, n_fft // inner)

    @property
    def groups(self) -> int:
        """Outputs of the first step that are needed: of real samples, the others mirror them."""
        return self.inner // 2 + 1

    def first(self) -> Array:
        """Return the first step, shape ``(2 * groups, inner)``: real and imaginary by turns."""
        angle = -2 * np.pi * np.outer(np.arange(self.groups), np.arange(self.inner)) / self.inner
        both = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return both.reshape(2 * self.groups, self.inner).astype(np.float32)

    def second(self) -> Array:
        """Return the second step with the twiddle factors in it.

        Shape ``(groups, 2 * outer, 2 * outer)``: from real parts, then imaginary ones, to the same.
        """
        group = np.arange(self.groups)[:, None, None]
        at, bin_ = np.arange(self.outer)[:, None], np.arange(self.outer)
        turn = np.exp(-2j * np.pi * at * (group + self.inner * bin_) / (self.inner * self.outer))
        rows = [
            np.concatenate([turn.real, turn.imag], axis=2),
            np.concatenate([-turn.imag, turn.real], axis=2),
        ]
        return np.concatenate(rows, axis=1).astype(np.float32)

    def weights(self, bank: Array) -> Array:
        """Return a bank for powers in the order in which they are computed.

        Args:
            bank: Shape ``(bands, 1 + n_fft // 2)``.

        Returns:
            Shape ``(groups * outer, bands)``; a bin that is there twice counts once.
        """
        n_fft = self.inner * self.outer
        found = np.zeros((self.groups, self.outer, len(bank)), np.float32)
        seen: set[int] = set()
        for group in range(self.groups):
            for place in range(self.outer):
                frequency = group + self.inner * place
                frequency = min(frequency, n_fft - frequency)
                if frequency not in seen:
                    seen.add(frequency)
                    found[group, place] = bank[:, frequency]
        return found.reshape(-1, len(bank))


def _windowed(graph: Operators, samples: str, n_fft: int, hop: int, pad_to: int) -> str:
    """Cut the padded signal into its live frames and window them, shape ``(frames, n_fft)``.

    Where they lie is what :meth:`serkit.dsp.stft.StftSettings.place` says. A clip that is longer
    than the recipe pads to is padded further, by whole hops, as the extractor does.
    """
    length = graph.op("Shape", samples)
    one, half = graph.constant([hop], np.int64), n_fft // 2

    def at_least_zero(value: str) -> str:
        return graph.op("Max", value, graph.constant([0], np.int64))

    if pad_to:
        # ceil((length + half - pad_to) / hop) hops more, where the clip is too long.
        over = graph.op("Add", length, graph.constant([half - pad_to + hop - 1], np.int64))
        hops = graph.op("Div", at_least_zero(over), one)
        too_long = graph.cast(
            graph.op("Greater", length, graph.constant([pad_to], np.int64)), np.int64
        )
        further = graph.op("Mul", graph.op("Mul", hops, too_long), one)
        total = graph.op("Add", further, graph.constant([pad_to], np.int64))
    else:
        total = length
    padding = graph.op("Sub", total, length)
    before = graph.op("Add", padding, graph.constant([hop - half], np.int64))
    lead = graph.op("Div", at_least_zero(before), one)
    if not pad_to:
        lead = graph.constant([0], np.int64)
    frames = graph.op(
        "Sub",
        graph.op("Add", graph.op("Div", total, one), graph.constant([1], np.int64)),
        lead,
    )
    start = graph.op(
        "Sub",
        graph.op("Add", padding, graph.constant([half], np.int64)),
        graph.op("Mul", lead, one),
    )
    size = graph.op("Add", graph.op("Mul", frames, one), graph.constant([n_fft], np.int64))
    end = graph.op("Sub", graph.op("Sub", size, start), length)
    padded = graph.op(
        "Pad", graph.cast(samples, np.float32), graph.op("Concat", start, end, axis=0)
    )
    # Whole runs of samples are copied: as long as frames and hops both divide into.
    run = gcd(n_fft, hop)
    scalar = graph.op("Squeeze", frames, graph.constant([0], np.int64))
    first = graph.op("Range", graph.constant(0, np.int64), scalar, graph.constant(1, np.int64))
    first = graph.op("Mul", first, graph.constant([hop // run], np.int64))
    places = graph.op(
        "Add",
        graph.op("Unsqueeze", first, graph.constant([1], np.int64)),
        graph.constant(np.arange(n_fft // run)[None], np.int64),
    )
    runs = graph.op("Reshape", padded, graph.constant([-1, run], np.int64))
    cut = graph.op("Gather", runs, places)
    cut = graph.op("Reshape", cut, graph.constant([-1, n_fft], np.int64))
    return graph.op("Mul", cut, graph.constant(hann(n_fft)))


def _powers(graph: Operators, frames: str, transform: Transform) -> str:
    """Return squared magnitudes, shape ``(frames, groups * outer)``."""
    inner, outer, groups = transform.inner, transform.outer, transform.groups

    def reshaped(value: str, *shape: int) -> str:
        return graph.op("Reshape", value, graph.constant(shape, np.int64))

    columns = reshaped(frames, -1, inner, outer)
    parts = graph.op("MatMul", graph.constant(transform.first()), columns)
    by_group = graph.op("Transpose", reshaped(parts, -1, groups, 2 * outer), perm=[1, 0, 2])
    spectra = graph.op("MatMul", by_group, graph.constant(transform.second()))
    parts = reshaped(graph.op("Mul", spectra, spectra), groups, -1, 2, outer)
    powers = graph.op("ReduceSum", parts, graph.constant([2], np.int64), keepdims=0)
    return reshaped(graph.op("Transpose", powers, perm=[1, 0, 2]), -1, groups * outer)
