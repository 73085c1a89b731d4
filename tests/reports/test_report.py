"""The report: what it says, that it needs nothing else, and how it looks to a browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

import browserkit as browser
import serkit
from runkit import make_run
from serkit.corpora.ravdess import EMOTIONS
from serkit.errors import ReportError, RunError
from serkit.reports.charts import Axis, Dot, chart, count_axis, share_axis
from serkit.reports.overview.models import models_of, pareto_front
from serkit.reports.overview.report import make_report
from serkit.results.board import make_board
from serkit.results.folder import HISTORY
from serkit.results.run import read_run
from serkit.results.stress import StressRow, StressTable, write_stress

_EVIL = "<img src=x onerror=alert(1)>&\"'"


def history() -> pd.DataFrame:
    rows = []
    for fold in "12":
        for epoch in range(1, 6):
            row = {"fold": fold, "epoch": epoch, "best": epoch == 4, "seconds": 1.0}
            for side in ("train", "validation"):
                row |= {f"{side}_loss": 1.0, f"{side}_accuracy": epoch / 10, f"{side}_uar": 0.5}
                row |= {f"{side}_recall_{e}": float(epoch > n) for n, e in enumerate(EMOTIONS)}
            rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    made = [make_run(folder, f"svm-{s}", right=0.7, luck=s, seed=s) for s in range(3)]
    net = make_run(folder, "net", model="ffnn", right=0.5, luck=9, train_seconds=300.0)
    history().to_parquet(net.path / HISTORY)
    random = {"protocol": "random5", "speaker_independent": False, "split_digest": "s1"}
    made.append(make_run(folder, "random", right=0.9, luck=5, **random))
    made.append(make_run(folder, "evil", model=_EVIL, right=0.3, notes=[_EVIL]))
    return [*made, read_run(net.path)]


@pytest.fixture(scope="module")
def page(runs):
    return make_report(runs, published=True).html


class _Reader(HTMLParser):
    """Checks that elements are closed in order; collects ids, links and sources."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[key] for key in ("href", "src", "xlink:href") if key in given]
        if tag not in {"meta", "br", "img", "link", "hr", "input", "source", "col"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


class TestPage:
    def test_is_well_formed_and_self_contained(self, page):
        reader = _Reader()
        reader.feed(page)
        assert reader.open == []
        assert len(reader.ids) == len(set(reader.ids))
        assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
        assert "url(" not in page
        assert "<script" not in page
        assert len(page.encode()) < 3_000_000

    def test_has_every_section(self, page):
        titles = re.findall(r"<h2[^>]*>([^<]*)</h2>", page)
        assert titles == [
            *("Leaderboard", "Confusion matrices", "Where the best model errs", "Training"),
            *("Which emotion is learned first", "Cost against UAR", "The optimism gap"),
            "Data audit",
        ]

    def test_names_from_outside_are_text(self, page):
        assert "<img" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#x27;" in page

    def test_a_run_in_two_groups_is_counted_once(self, tmp_path):
        people = {"model": "human", "protocol": "listening", "preset": None, "values": {}}
        people |= {"corpus_digest": "c1", "split_digest": "s1", "feature_fingerprints": {}}
        heard = make_run(tmp_path, "human", right=0.8, actors=range(1, 13), **people)
        text = make_report([make_run(tmp_path, "svm"), heard]).html
        assert re.search(r">2</[a-z]+><[^>]*>runs<", text)
        assert "ravdess c1: 1 run<" in text

    def test_without_nets_there_are_no_curves(self, tmp_path):
        text = make_report([make_run(tmp_path, "svm")]).html
        assert "Training" not in text
        assert "Cost against UAR" not in text

    def test_is_written_completely(self, runs, tmp_path):
        path = make_report(runs).save(tmp_path / "new" / "report.html")
        assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        (tmp_path / "file").write_text("")
        with pytest.raises(ReportError, match=r"^cannot write .*report\.html \(.*\); name another"):
            make_report(runs).save(tmp_path / "file" / "report.html")

    def test_without_a_finished_run_there_is_none(self, tmp_path):
        with pytest.raises(RunError) as caught:
            serkit.report(runs=tmp_path)
        assert str(caught.value) == (
            "there is no finished run to report on; make one with 'serkit train MODEL'"
        )


class TestModels:
    def test_runs_that_differ_in_the_seed_alone_are_one_model(self, runs):
        (group, *_) = [g for g in make_board(runs).groups if g.protocol == "luna5"]
        models = models_of(group, runs)
        assert [len(model.runs) for model in models] == [3, 1, 1]
        uars = [run.uar for run in runs[:3]]
        assert models[0].uar == pytest.approx(sum(uars) / 3)
        assert models[0].name == "svm"
        assert [run.uar for run in models[0].runs] == sorted(uars, reverse=True)

    def test_the_front_holds_what_nothing_beats(self, tmp_path):
        made = [
            make_run(tmp_path, name, model=name, right=right, train_seconds=seconds)
            for name, right, seconds in (("a", 0.3, 1), ("b", 0.6, 10), ("c", 0.5, 50))
        ]
        (group,) = make_board(made).groups
        assert [m.name for m in pareto_front(models_of(group, made))] == ["a", "b"]


class TestCharts:
    def test_values_are_at_the_positions_of_the_axes(self):
        drawn = str(chart(Axis(0, 10, (0, 10), "x"), share_axis("y"), "d", dots=[Dot(0, 0, "red")]))
        assert 'cx="42.0" cy="206.0"' in drawn
        assert Axis(1, 100, (), "t", logarithmic=True).place(10) == 0.5

    @pytest.mark.parametrize("most", [1, 2, 7, 300])
    def test_epochs_are_labelled_at_few_places(self, most):
        ticks = count_axis("epoch", most).ticks
        assert 1 <= len(ticks) <= 6
        assert ticks[-1] <= max(most, 2)

    def test_names_never_cover_each_other(self):
        dots = [Dot(1, 0.5, "red", f"model {n}", named=True) for n in range(6)]
        drawn = str(chart(Axis(0, 10, (), "x"), share_axis("y"), "d", dots=dots))
        heights = sorted(float(y) for y in re.findall(r'y="([\d.]+)" text-anchor="start"', drawn))
        assert min(b - a for a, b in pairwise(heights)) >= 13


def _literal(text: str) -> str:
    return json.dumps(text).replace("</", "<\\/")


class TestBrowser:
    """In headless Chromium, where there is one."""

    @pytest.mark.parametrize("options", [(), (browser.DARK,)], ids=["light", "dark"])
    def test_axe_finds_nothing_serious(self, page, tmp_path, options):
        script = browser.axe() + ";const r = await axe.run(); return r.violations.map((v) => "
        found = browser.measure(
            page, tmp_path, script + "[v.id, v.impact, v.nodes[0].html]);", *options
        )
        assert [each for each in found if each[1] in ("serious", "critical")] == []

    @pytest.mark.parametrize("width", [360, 1100])
    def test_only_tables_scroll_sideways(self, page, tmp_path, width):
        frame = f'<body><iframe id="f" width="{width}" height="900" srcdoc=""></iframe></body>'
        script = (
            "const f = document.getElementById('f');"
            f"f.srcdoc = {_literal(page)};"
            "await new Promise((done) => { f.onload = done; });"
            "const d = f.contentDocument.documentElement; return [d.scrollWidth, d.clientWidth];"
        )
        scroll, client = browser.measure(frame, tmp_path, script)
        assert client == width
        assert scroll == client

    def test_everything_can_be_reached_by_keyboard(self, page, tmp_path):
        script = (
            "return [...document.querySelectorAll('.scroll')].every((e) => e.tabIndex === 0 "
            "&& e.getAttribute('aria-label'));"
        )
        assert browser.measure(page, tmp_path, script) is True


def test_the_record_s_runs_make_a_page():
    record = Path(__file__).resolve().parents[2] / "docs" / "record" / "runs"
    wanted = ("logreg-luna5-", "lstm-luna5-")  # one of them was trained in epochs
    made = serkit.report(
        [p.name for p in record.iterdir() if p.name.startswith(wanted)], runs=record
    )
    assert "Epoch in which each emotion was learned" in made.html


def test_stress_tables_are_on_the_page(tmp_path):
    run = make_run(tmp_path, "svm-1", model="svm")
    assert 'id="stress"' not in make_report([run]).html
    row = StressRow(
        "white-20", "white", "white noise, 20 dB", 90, 0, 0.3, 0.2, 0.4, -0.3, -0.4, -0.2, {}
    )
    write_stress(run.path, StressTable(run.name, 90, 20, 0.6, {}, (row,)))
    html = make_report([run]).html
    assert "svm: 60.0 % on 90 clips as recorded" in html
    assert "-30.0*" in html
