"""What every extractor must keep to; a new one is tested here as soon as its module is there."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import ModuleType

import numpy as np
import pytest

from serkit.dsp.signal import Signal
from serkit.errors import ClipTooLongError, FeatureError, MissingDependencyError, UsageError
from serkit.extractors import opensmile
from serkit.features import EXTRACTORS, ArrayLayout, Extractor, FeatureSpec, TableLayout, resolve
from serkit.features.extractor import Values, check_values
from serkit.testing import check_extractor, example_signal

with suppress(
    ImportError
):  # its library must be loaded before TensorFlow's, which others here load
    import opensmile as _opensmile  # noqa: F401


def having(parameter: str) -> pytest.MarkDecorator:
    """Run a test for the extractors that have a parameter."""
    names = [
        name
        for name in EXTRACTORS.names()
        if parameter in EXTRACTORS.get(name).parameters.declared()
    ]
    return pytest.mark.parametrize("extractor", names, indirect=True)


FREE_STANDING = [name for name in EXTRACTORS.names() if name != "embeddings"]
"""``embeddings`` needs a checkpoint: it is held to the same contract in test_embeddings.py."""


@pytest.fixture(params=FREE_STANDING)
def extractor(request) -> Extractor:
    extractor = EXTRACTORS.get(request.param)
    try:
        extractor.require(extractor.parameters())
    except MissingDependencyError as error:
        pytest.skip(str(error))
    return extractor


@pytest.fixture
def spec(extractor) -> FeatureSpec:
    return resolve("feature", extractor, {})


def compute(spec: FeatureSpec, signal: Signal) -> Values:
    return EXTRACTORS.get(spec.extractor).compute(signal, spec.settings)


def same(one: Values, other: Values) -> bool:
    return one.lead == other.lead and one.array.tobytes() == other.array.tobytes()


def test_it_keeps_the_contract(extractor):
    assert EXTRACTORS.get(extractor.name) is extractor
    check_extractor(extractor)


def test_earlier_computations_do_not_affect_results(spec):
    samples = example_signal(60_000)
    used = Signal(samples)
    compute(spec, used)
    used.at(16_000)
    compute(resolve("mel", EXTRACTORS.get("mel"), {}), used)
    assert same(compute(spec, used), compute(spec, Signal(samples)))


def test_the_signal_is_not_modified(spec):
    samples = example_signal(60_000)
    samples.flags.writeable = False
    signal = Signal(samples)
    compute(spec, signal)
    assert np.array_equal(samples, example_signal(60_000))
    assert np.array_equal(signal.as_float, samples.astype(np.float32))


@pytest.mark.parametrize("frames", [1, 2, 100, 1_000, 4_800])
@pytest.mark.parametrize("make", [example_signal, lambda n: np.full(n, 7, np.int16)])
def test_a_very_short_clip_gives_values_or_a_typed_error(spec, frames, make):
    try:
        values = compute(spec, Signal(make(frames)))
    except FeatureError:
        return
    assert check_values(values, spec.layout()) is None


@pytest.mark.parametrize("frames", [4_800, 100_000])
def test_silence_gives_values_or_a_typed_error(spec, frames):
    try:
        values = compute(spec, Signal(np.zeros(frames, np.int16)))
    except FeatureError:
        return
    assert check_values(values, spec.layout()) is None


@pytest.mark.parametrize("amplitude", [-32_768, 32_767])
def test_full_scale_gives_values(spec, amplitude):
    square = np.where(np.arange(60_000) // 100 % 2, amplitude, -amplitude - 1).astype(np.int16)
    assert check_values(compute(spec, Signal(square)), spec.layout()) is None


@having("pad_to")
def test_a_clip_longer_than_the_padded_length_is_an_error(extractor):
    """It has no padded form; of a table, which has no length, see its own tests."""
    spec = resolve("short", extractor, {"pad_to": 10_000})
    if isinstance(spec.layout(), TableLayout):
        pytest.skip("a table's row is as long for any clip")
    assert check_values(compute(spec, Signal(example_signal(10_000))), spec.layout()) is None
    with pytest.raises(ClipTooLongError, match="10,001 samples and the recipe pads to 10,000"):
        compute(spec, Signal(example_signal(10_001)))


@having("pad_to")
def test_without_padding_every_length_will_do(extractor):
    spec = resolve("free", extractor, {"pad_to": 0})
    layout = spec.layout()
    assert isinstance(layout, TableLayout) or layout.length is None
    for frames in (10_000, 300_001):
        values = compute(spec, Signal(example_signal(frames)))
        assert check_values(values, layout) is None
        assert values.lead == 0


@having("sample_rate")
def test_another_sample_rate_changes_the_values(extractor):
    unpadded = {"pad_to": 0} if "pad_to" in extractor.parameters.declared() else {}
    fast, slow = (
        resolve("feature", extractor, {"sample_rate": rate, **unpadded})
        for rate in (48_000, 16_000)
    )
    at_48, at_16 = (compute(spec, Signal(example_signal(48_000))) for spec in (fast, slow))
    assert check_values(at_16, slow.layout()) is None
    assert at_48.array.shape[-1] == pytest.approx(3 * at_16.array.shape[-1], abs=3)


class TestCheckValues:
    """The check itself: what is wrong is found and said."""

    ARRAY = ArrayLayout("float32", (4,), 10, "frames")
    TABLE = TableLayout("float64", ("a", "b"))

    @pytest.mark.parametrize(
        ("values", "wrong"),
        [
            (Values(np.zeros((4, 10), np.float32)), None),
            (Values(np.zeros((4, 7), np.float32), lead=3), None),
            (Values(np.zeros((4, 10))), "its values are float64, not float32"),
            (Values(np.zeros((5, 10), np.float32)), "its values have shape (5, 10), not (4, 'f"),
            (Values(np.zeros((4, 9), np.float32)), "it has 0 + 9 frames, not 10"),
            (Values(np.zeros((4, 9), np.float32), lead=2), "it has 2 + 9 frames, not 10"),
            (Values(np.full((4, 10), np.nan, np.float32)), "its values are not all finite"),
            (Values(np.full((4, 10), np.inf, np.float32)), "its values are not all finite"),
        ],
    )
    def test_of_an_array(self, values, wrong):
        found = check_values(values, self.ARRAY)
        assert (found or "").startswith(wrong or "")
        assert (found is None) == (wrong is None)

    @pytest.mark.parametrize(
        ("values", "wrong"),
        [
            (Values(np.zeros(2)), None),
            (Values(np.zeros(3)), "its values have shape (3,), not (2,)"),
            (Values(np.zeros(2, np.float32)), "its values are float32, not float64"),
            (Values(np.array([1.0, -np.inf])), "its values are not all finite"),
        ],
    )
    def test_of_a_table(self, values, wrong):
        assert check_values(values, self.TABLE) == wrong


def test_a_parameter_of_a_wrong_kind_never_reaches_an_extractor(extractor):
    for name, parameter in extractor.parameters.declared().items():
        with pytest.raises(UsageError):
            resolve("x", extractor, {name: [parameter.default]})


def test_opensmile_after_tensorflow_is_refused_before_it_aborts_the_process(monkeypatch):
    """Its native library corrupts memory where TensorFlow's was loaded before it."""
    monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))
    monkeypatch.delitem(sys.modules, "opensmile", raising=False)
    with pytest.raises(FeatureError) as caught:
        opensmile._smile.__wrapped__("eGeMAPSv02")
    assert str(caught.value) == (
        "openSMILE cannot be loaded in a process that has loaded TensorFlow; "
        "extract in a process of its own, or import opensmile first"
    )
