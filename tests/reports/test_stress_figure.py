"""The picture of a stress table."""

from __future__ import annotations

import pytest

from serkit.api import stress_figure
from serkit.errors import UnknownNameError
from serkit.reports.figures.stress import stress_figure as draw
from serkit.results.stress import StressRow, StressTable

TABLE = StressTable(
    "run $1",
    10,
    1,
    0.6,
    {},
    (
        StressRow(
            "white-0", "white", "white noise, 0 dB", 10, 0, 0.2, 0.1, 0.3, -0.4, -0.5, -0.3, {},
        ),
        StressRow("offset", "offset", "offset", 10, 0, 0.6, None, None, 0.0, None, None, {}),
    ),
)  # fmt: skip


def test_every_condition_is_named_with_its_change():
    axes = draw(TABLE).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["white noise, 0 dB", "offset"]
    assert [text.get_text() for text in axes.texts] == ["-40.0", "+0.0"]


@pytest.mark.parametrize("form", ["png", "svg"])
def test_it_is_written_in_the_form_that_the_name_ends_with(tmp_path, form):
    path = stress_figure(TABLE, tmp_path / f"a.{form}")
    assert path.stat().st_size > 5_000


def test_other_forms_are_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown format 'gif'"):
        stress_figure(TABLE, tmp_path / "a.gif")


def test_nothing_is_cut_off_at_the_edges():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = draw(TABLE)
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    for text in (axes.xaxis.label, *axes.get_yticklabels(), *axes.texts):
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1, text.get_text()
        assert figure.bbox.y0 <= box.y0, text.get_text()
