"""Parameters of features that are computed frame by frame from a spectrum."""

from __future__ import annotations

from dataclasses import dataclass

from serkit.errors import UsageError
from serkit.parameters import Parameters, parameter


@dataclass(frozen=True)
class FrameParameters(Parameters):
    """How a signal is divided into frames."""

    sample_rate: int = parameter(48_000, "rate in Hz that the signal is brought to", minimum=1000)
    n_fft: int = parameter(2048, "samples in a frame (Hann window)", minimum=2)
    hop_length: int = parameter(512, "samples from one frame to the next", minimum=1)

    def refuse_odd_frames(self) -> None:
        """Refuse frames of an odd number of samples.

        Raises:
            UsageError: They are.
        """
        if self.n_fft % 2:
            raise UsageError(f"n_fft = {self.n_fft} is odd", allowed="an even number is allowed")
