"""Figures of a run: what they show, read back from matplotlib's objects, and their files."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import serkit
from runkit import make_run
from serkit.corpora.ravdess import EMOTIONS
from serkit.errors import MissingDependencyError, RunError, UnknownNameError, UsageError
from serkit.reports.figures.draw import figure_names, save_figures
from serkit.results.folder import HISTORY
from serkit.results.run import Run, read_run

pytest.importorskip("matplotlib", reason="the extra 'figures' is not installed")

EPOCHS = 6
BEST = 4


def history(folds: int, *, validation: bool = True, scale: float = 1.0) -> pd.DataFrame:
    """Emotion n is learned in epoch n: its recall is 1 from then on; happy is in no clip."""
    rows = []
    for fold in range(1, folds + 1):
        for epoch in range(1, EPOCHS + 1):
            row = {"fold": str(fold), "epoch": epoch, "best": epoch == BEST, "seconds": 1.0}
            for side in ("train", *["validation"] * validation):
                row |= {
                    f"{side}_loss": scale**epoch / epoch,
                    f"{side}_accuracy": epoch / 10,
                    f"{side}_uar": epoch / 10,
                }
                row |= {f"{side}_recall_{e}": float(epoch >= n) for n, e in enumerate(EMOTIONS)}
                row[f"{side}_recall_happy"] = float("nan")
            rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture
def trained(tmp_path):
    def make(folds: int = 2, name: str = "net", **options: object) -> Run:
        run = make_run(tmp_path / "runs", name)
        history(folds, **options).to_parquet(run.path / HISTORY)
        return read_run(run.path)

    return make


def panels(figure):
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


class TestConfusion:
    def test_a_cell_is_the_share_of_its_row_in_percent(self, tmp_path):
        run = make_run(tmp_path, "net")
        (axes,) = serkit.figure(run, "confusion").axes
        counts = np.array(run.record["confusion"])
        shown = {(round(t.get_position()[1]), round(t.get_position()[0])): t for t in axes.texts}
        for (row, column), count in np.ndenumerate(counts):
            if count or row == column:
                assert shown[row, column].get_text() == f"{100 * count / counts[row].sum():.0f}"
            else:
                assert (row, column) not in shown
        assert [t.get_text() for t in axes.get_xticklabels()] == list(EMOTIONS)
        assert axes.get_yticklabels()[0].get_text() == f"neutral ({counts[0].sum()})"
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true (clips)")

    def test_one_clip_of_many_is_no_zero_and_no_clip_is_nothing(self, tmp_path):
        counts = np.zeros((8, 8), int)
        counts[0] = [999, 1, 0, 0, 0, 0, 0, 0]
        (axes,) = serkit.figure(
            make_run(tmp_path, "net", confusion=counts.tolist()), "confusion"
        ).axes
        assert [text.get_text() for text in axes.texts] == ["100", "<1"]

    def test_it_says_which_run_it_is_and_what_to_know_first(self, tmp_path):
        run = make_run(tmp_path, "net", selected_on_test=True, synthetic=True)
        title = serkit.figure(run, "confusion").get_suptitle().splitlines()
        assert title[1:] == [
            f"svm (best) on ravdess, luna5, seed 0: UAR {100 * run.uar:.1f} %",
            "stamped: synthetic, selected-on-test",
        ]

    def test_a_name_with_dollars_is_no_mathematics(self, tmp_path):
        run = make_run(tmp_path, "net", model="$\\frac", preset="x$")
        assert save_figures(run, tmp_path / "figures")[0].is_file()


class TestCurves:
    def test_a_panel_a_fold_with_both_sides_and_the_best_epoch(self, trained):
        figure = serkit.figure(trained(3), "curves")
        accuracy = [axes for axes in panels(figure) if axes.get_title(loc="left")]
        assert [axes.get_title(loc="left") for axes in accuracy] == [
            f"fold {fold}: 40 % in epoch {BEST}" for fold in (1, 2, 3)
        ]
        assert len(panels(figure)) == 6
        for axes in accuracy:
            lines = {line.get_label(): line for line in axes.lines}
            for side in ("train", "validation"):
                assert lines[side].get_xdata().tolist() == list(range(1, EPOCHS + 1))
                assert lines[side].get_ydata().tolist() == [e / 10 for e in range(1, EPOCHS + 1)]
            mark = lines["best epoch, which was kept"]
            assert (mark.get_xdata().tolist(), mark.get_ydata().tolist()) == ([BEST], [0.4])
            assert lines["train"].get_linestyle() != lines["validation"].get_linestyle()

    def test_accuracy_is_shown_in_percent(self, trained):
        axes = panels(serkit.figure(trained(1), "curves"))[0]
        figure = axes.figure
        figure.canvas.draw()
        shown = [label.get_text() for label in axes.get_yticklabels()]
        assert shown == ["0 %", "25 %", "50 %", "75 %", "100 %"]

    @pytest.mark.parametrize(("scale", "kind"), [(1.0, "linear"), (100.0, "log")])
    def test_a_loss_in_the_billions_gets_a_logarithmic_axis(self, trained, scale, kind):
        losses = panels(serkit.figure(trained(2, scale=scale), "curves"))[1::2]
        assert {axes.get_yscale() for axes in losses} == {kind}
        assert len({axes.get_ylim() for axes in losses}) == 1

    def test_many_folds_go_on_below(self, trained):
        figure = serkit.figure(trained(12), "curves")
        assert len(panels(figure)) == 24
        columns = {round(axes.get_position().x0, 2) for axes in panels(figure)}
        assert len(columns) == 5

    def test_without_validation_clips_there_is_one_side(self, trained):
        axes = panels(serkit.figure(trained(1, validation=False), "curves"))[0]
        assert "validation" not in {line.get_label() for line in axes.lines}


class TestLearning:
    def test_a_row_an_emotion_in_the_order_of_learning(self, trained):
        (axes,) = panels(serkit.figure(trained(1), "learning"))
        order = [label.get_text() for label in axes.get_yticklabels()]
        assert order == [
            *("neutral", "calm", "sad", "angry", "fearful", "disgust"),  # epochs 1 and 1 to 6
            *("happy", "surprised"),  # never
        ]
        values = np.ma.filled(axes.images[0].get_array(), np.nan)
        assert values.shape == (8, EPOCHS)
        assert values[order.index("angry")].tolist() == [0, 0, 0, 1, 1, 1]
        assert np.isnan(values[order.index("happy")]).all()

    def test_the_epoch_of_learning_and_the_best_one_are_marked(self, trained):
        (axes,) = panels(serkit.figure(trained(1), "learning"))
        marks = next(line for line in axes.lines if line.get_marker() == "o")
        assert list(marks.get_xdata()) == [1, 1, 3, 4, 5, 6]
        assert list(marks.get_ydata()) == [0, 1, 2, 3, 4, 5]
        (best,) = (line for line in axes.lines if line.get_linestyle() == "--")
        assert list(best.get_xdata()) == [BEST, BEST]
        assert f"fold 1: UAR 40 % in epoch {BEST}" == axes.get_title(loc="left")

    def test_a_panel_a_fold_all_over_the_same_epochs(self, trained):
        shown = panels(serkit.figure(trained(4), "learning"))
        assert len(shown) == 4
        assert {axes.get_xlim() for axes in shown} == {(0.5, EPOCHS + 0.5)}


class TestWhatThereIs:
    def test_follows_from_how_it_was_trained(self, tmp_path, trained):
        assert figure_names(make_run(tmp_path, "svm")) == ("confusion", "recall", "calibration")
        assert figure_names(trained(1, "a")) == (
            "confusion",
            "recall",
            "calibration",
            "curves",
            "learning",
        )
        assert figure_names(trained(1, "b", validation=False)) == (
            "confusion",
            "recall",
            "calibration",
            "curves",
        )

    def test_missing_figures_are_reported(self, tmp_path, trained):
        run = make_run(tmp_path, "svm-run")
        for name in ("curves", "learning"):
            with pytest.raises(UsageError, match=r"^svm-run has no history: svm is not trained in"):
                serkit.figure(run, name)
        with pytest.raises(
            UsageError, match=r"^net had no validation clips; train it with --set refit=false$"
        ):
            serkit.figure(trained(1, validation=False), "learning")
        with pytest.raises(UnknownNameError) as caught:
            serkit.figure(run, "confusions")
        assert str(caught.value) == (
            "unknown figure 'confusions': did you mean 'confusion'?; "
            "there are: calibration, confusion, curves, learning, recall, stress"
        )

    def test_matplotlib_is_an_extra(self, tmp_path, monkeypatch):
        monkeypatch.setattr("serkit.extras.installed", lambda name: False)
        with pytest.raises(MissingDependencyError) as caught:
            serkit.figure(make_run(tmp_path, "net"), "confusion")
        assert str(caught.value) == (
            "the package matplotlib is not installed; pip install 'serkit[figures]'"
        )


class TestFiles:
    @pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
    def test_only_the_named_files_are_written(self, trained, tmp_path, form, start):
        folder = tmp_path / "a" / "figures"
        paths = save_figures(trained(1), folder, form)
        assert [path.name for path in paths] == [
            f"{name}.{form}"
            for name in ("confusion", "recall", "calibration", "curves", "learning")
        ]
        assert sorted(folder.iterdir()) == sorted(paths)
        for path in paths:
            assert path.read_bytes().startswith(start)

    def test_the_same_run_gives_the_same_picture(self, trained, tmp_path):
        run = trained(1)
        one, other = (save_figures(run, tmp_path / name) for name in ("one", "other"))
        assert [p.read_bytes() for p in one] == [p.read_bytes() for p in other]

    def test_of_another_kind_are_refused(self, trained, tmp_path):
        with pytest.raises(UnknownNameError, match="unknown format 'pdf'; there are: png, svg"):
            save_figures(trained(1), tmp_path / "figures", "pdf")

    def test_that_cannot_be_written_leave_nothing(self, trained, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(RunError, match=r"^cannot write .*confusion\.png \(.*\); name another"):
            save_figures(trained(1), tmp_path / "file")
        blocked = tmp_path / "blocked"
        (blocked / "confusion.png").mkdir(parents=True)
        with pytest.raises(RunError, match=r"confusion\.png \(Is a directory\)"):
            save_figures(trained(1, "again"), blocked)
        assert [path.name for path in blocked.iterdir()] == ["confusion.png"]

    def test_drawing_leaves_matplotlib_s_global_state_alone(self, trained, tmp_path):
        run = trained(1)
        code = (
            "import sys, serkit\n"
            "from matplotlib import rcParams as r\n"
            "def state():\n"  # to ask for the backend would import pyplot
            "    return {key: r[key] for key in r if key != 'backend'}\n"
            "before = state()\n"
            f"serkit.figures({str(run.path)!r}, {str(tmp_path / 'figures')!r})\n"
            "print('matplotlib.pyplot' in sys.modules, state() == before)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.stdout, done.stderr) == ("False True\n", "")
