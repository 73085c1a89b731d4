"""What each framework says where the memory is short."""

from __future__ import annotations

import pytest

from serkit.errors import TrainingError
from serkit.models.memory import fitting_in_memory


class ResourceExhaustedError(Exception):
    """As TensorFlow names it."""


class XlaRuntimeError(RuntimeError):
    """As JAX names it."""


SHORTAGES = (
    MemoryError(),
    ResourceExhaustedError("OOM when allocating tensor with shape[63360,10000000]"),
    XlaRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 2534400000000 bytes."),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory"
    ),
    RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
)


@pytest.mark.parametrize("error", SHORTAGES, ids=lambda error: type(error).__name__)
def test_is_one_sentence(error):
    with (
        pytest.raises(TrainingError, match=r"^it does not fit in memory; take less$"),
        fitting_in_memory("it", "take less"),
    ):
        raise error


def test_torch_says_what_is_expected_of_it():
    torch = pytest.importorskip("torch")
    with (
        pytest.raises(TrainingError, match="does not fit in memory"),
        fitting_in_memory("it", "take less"),
    ):
        torch.zeros(10**15)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), TrainingError("loss is nan")])
def test_other_errors_stay_what_they_are(error):
    with pytest.raises(type(error)) as caught, fitting_in_memory("it", "take less"):
        raise error
    assert caught.value is error
