"""A run's model card, in the form that the Hugging Face hub reads.

Source of the form: M. Mitchell et al. (2019), "Model cards for model reporting", and the hub's
documentation of model cards (a YAML header with ``model-index``, then Markdown).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np

from serkit.errors import UnknownNameError
from serkit.evaluation.metrics import uar_interval
from serkit.ingest.corpus import CORPORA
from serkit.reports.files import write
from serkit.reports.yaml import Plain, to_yaml
from serkit.results.analysis.evidence import Evidence, evidence
from serkit.results.run import Run
from serkit.results.wording import interval, percent, stamps

if TYPE_CHECKING:
    from rich.console import RenderableType

_FEW_SPEAKERS = 16

_METRICS = (
    ("uar", "recall", "UAR (unweighted average recall)", {"average": "macro"}),
    ("accuracy", "accuracy", "Accuracy", None),
    ("macro_f1", "f1", "Macro F1", {"average": "macro"}),
)
"""Key in the record, the hub's metric, its name, and the arguments of that metric."""


@dataclass(frozen=True)
class ModelCard:
    """A model card.

    Attributes:
        run: The run's name.
        text: The whole card: a YAML header and Markdown.

    Example:
        >>> print(serkit.card("logreg-luna5").text.splitlines()[0])
        ---
    """

    run: str
    text: str

    def __repr__(self) -> str:
        return f"ModelCard({self.run!r}, {len(self.text):,} characters)"

    def save(self, path: Path | str) -> Path:
        """Write the card, as the hub's ``README.md``.

        Raises:
            ReportError: It cannot be written.
        """
        return write(Path(path), self.text.encode())

    def __rich__(self) -> RenderableType:
        """Return the card as ``rich.print(card)`` shows it."""
        from rich.markdown import Markdown

        return Markdown(self.text.partition("\n---\n")[2])

    def _repr_markdown_(self) -> str:
        return self.text.partition("\n---\n")[2]


def model_card(run: Run) -> ModelCard:
    """Write a run's card.

    Raises:
        RunError: The run's predictions are damaged.
    """
    found = evidence(run)
    sections = (
        _summary(run, found),
        _usage(run),
        _data(run),
        _protocol(run),
        _results(run, found),
        *_stress(run),
        _intended(),
        _limits(run),
        _provenance(run),
    )
    header = to_yaml(_header(run))
    return ModelCard(run.name, f"---\n{header}\n---\n\n" + "\n\n".join(sections) + "\n")


def _header(run: Run) -> Plain:
    record = run.record
    title, *_ = _corpus(run)
    metrics: list[Plain] = []
    for key, kind, name, arguments in _METRICS:
        metric: dict[str, Plain] = {"type": kind, "value": round(float(record[key]), 4)}
        metric |= {"name": name, "verified": False}
        metrics.append(metric | ({"args": arguments} if arguments else {}))
    result: dict[str, Plain] = {
        "task": {"type": "audio-classification", "name": "Speech emotion recognition"},
        "dataset": {
            "type": str(record["corpus"]),
            "name": title,
            "split": "test",
            "config": str(record["protocol"]),
        },
        "metrics": metrics,
    }
    return {
        "library_name": "serkit",
        "pipeline_tag": "audio-classification",
        "tags": ["speech-emotion-recognition", "audio", "serkit", str(record["model"])],
        "metrics": ["recall", "accuracy", "f1"],
        "model-index": [{"name": run.name, "results": [result]}],
    }


def _summary(run: Run, found: Evidence) -> str:
    record = run.record
    text = (
        f"# {_plain(run.name)}\n\n"
        f"Recognises {len(found.labels)} emotions in speech ({', '.join(found.labels)}). "
        f"A `{_plain(str(record['model']))}` (preset `{_plain(str(record['preset']))}`) of serkit, "
        f"one model for each of {record['folds']} folds.\n\n"
    )
    expected = (
        f"**Expect {percent(run.uar)} % unweighted average recall** on "
        + ("new speakers" if record["speaker_independent"] else "its training speakers")
        + f" from the same kind of recordings (95 % interval {_interval(run)} over test speakers; "
        f"{percent(1 / len(found.labels))} % is chance)."
    )
    stamped = stamps(record)
    warning = f"\n\n> Read first: this result is stamped *{stamped}*." if stamped else ""
    return text + expected + warning


def _usage(run: Run) -> str:
    return (
        "## How to use\n\n```python\nimport serkit\n\n"
        f'said = serkit.predict("{_plain(run.name)}", "my/recordings")\n'
        "print(said.to_pandas())\n```"
    )


def _data(run: Run) -> str:
    record = run.record
    title, licence, url = _corpus(run)
    lines = [
        f"- Corpus: {_plain(title)}" + (f", {url}" if url else ""),
        f"- Licence of the audio: {_plain(licence or 'unknown')}; the model inherits its limits",
        f"- {record['clips']:,} clips of {record['actors']} speakers were tested, each by the "
        "model of a fold that was trained without it",
    ]
    if audio := record.get("audio"):
        rates = " and ".join(f"{rate:,}" for rate in audio["sample_rates"])
        shortest, longest = audio["shortest"], audio["longest"]
        lines.append(f"- Clips of {shortest:.1f} to {longest:.1f} s, recorded at {rates} Hz")
    features = ", ".join(f"`{_plain(name)}`" for name in record["feature_fingerprints"])
    lines.append(f"- Features: {features or 'none'}")
    return "## Data\n\n" + "\n".join(lines)


def _protocol(run: Run) -> str:
    record = run.record
    kind = (
        "Speaker-independent: no test speaker is used in training"
        + ("." if record["selected_on_test"] else " or in any selection.")
        if record["speaker_independent"]
        else "Not speaker-independent: the same speakers are trained and tested on, which "
        "overestimates accuracy on new speakers."
    )
    notes = "".join(f"\n- {_plain(str(note))}" for note in record["notes"])
    text = f"## Protocol\n\n`{_plain(run.protocol)}`, {record['folds']} folds. {kind}"
    return text + (f"\n{notes}" if notes else "")


def _results(run: Run, found: Evidence) -> str:
    record = run.record
    rows = [
        ("UAR", percent(run.uar), _interval(run)),
        (
            "accuracy",
            percent(run.accuracy),
            interval(record.get("accuracy_low"), record.get("accuracy_high")),
        ),
        ("macro F1", percent(record["macro_f1"]), ""),
        ("expected calibration error", percent(record["ece"]), ""),
    ]
    overall = _table(("metric", "%", "95 % interval"), rows)
    recalls = _table(
        ("emotion", "recall %", "clips"),
        [
            (label, percent(float(found.right[own].mean())), f"{int(own.sum()):,}")
            for code, label in enumerate(found.labels)
            if (own := found.true == code).any()
        ],
    )
    groups = _table(("group", "UAR %", "95 % interval", "clips"), list(_groups(found)))
    return (
        f"## Results\n\n{overall}\n\n"
        "Intervals are over test speakers: how far a result would move with others.\n\n"
        f"### By emotion\n\n{recalls}\n\n### By group\n\n{groups}"
    )


def _groups(found: Evidence) -> Iterator[tuple[str, str, str, str]]:
    """Yield each group's UAR with its interval over speakers, and the range over speakers."""
    speakers = found.frame["speaker"].to_numpy(str)
    answers = found.frame["predicted_id"].to_numpy(np.int64)
    for column in found.groups:
        values = found.frame[column].to_numpy(str)
        scores = []
        for value in sorted(set(values.tolist())):
            own = values == value
            uar = _uar(found, own)
            scores.append(uar)
            if column == "speaker":
                continue
            ends = uar_interval(
                found.true[own], answers[own], speakers[own], n_classes=len(found.labels)
            )
            known = ends.low == ends.low
            shown = interval(ends.low, ends.high) if known else ""
            yield f"{column} {_plain(value)}", percent(uar), shown, f"{int(own.sum()):,}"
        if column == "speaker":
            span = f"{percent(min(scores))} to {percent(max(scores))}"
            yield "worst to best speaker", span, "", f"{len(values):,}"


def _uar(found: Evidence, own: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    true, right = found.true[own], found.right[own]
    return float(np.mean([right[true == code].mean() for code in np.unique(true)]))


def _stress(run: Run) -> Iterator[str]:
    """Yield the section on perturbed clips; nothing if there are no measurements."""
    measured = run.stress
    if measured is None:
        return
    rows = [
        (
            _plain(row.title),
            percent(row.uar),
            interval(row.uar_low, row.uar_high),
            f"{100 * row.change:+.1f}" + ("*" if row.falls else ""),
        )
        for row in measured.rows
    ]
    table = _table(("condition", "UAR %", "95 % interval", "change"), rows)
    yield (
        f"## Stress\n\nUAR of {measured.clips:,} test clips when they are perturbed; as recorded "
        f"it is {percent(measured.uar)} %. An asterisk marks a fall that is larger than chance "
        f"explains.\n\n{table}"
    )


def _intended() -> str:
    return (
        "## Intended use\n\n"
        "Research on speech emotion recognition: comparing methods, and as a baseline.\n\n"
        "Not for decisions about people. What is recognised is how an emotion was portrayed, not "
        "what somebody feels. In the European Union, inferring emotions of people at work or in "
        "education is prohibited other than for medical or safety reasons (Regulation (EU) "
        "2024/1689, Article 5(1)(f))."
    )


def _limits(run: Run) -> str:
    record = run.record
    limits = [
        "It was tested on one corpus: other languages, rooms, microphones and spontaneous speech "
        "were not, and accuracy on them is probably lower."
        if len(record.get("stores", ())) < 2
        else "Languages, rooms, microphones and spontaneous speech beyond these corpora were not "
        "tested, and accuracy on them is probably lower.",
        "It always predicts one of its emotions, even where there is no speech.",
    ]
    if record["synthetic"]:
        limits.append("No human spoke: the corpus is synthetic; results say nothing about people.")
    if record["selected_on_test"]:
        limits.append("Something was chosen on the test clips, so the result is too good.")
    if (record["actors"] or 0) < _FEW_SPEAKERS:
        limits.append(
            f"{record['actors']} test speakers are few: the intervals are too narrow by some."
        )
    if record["ece"] > 0.1:
        limits.append(
            f"Its probabilities are off by {percent(record['ece'])} % on average; calibrate them "
            "before use."
        )
    return "## Limits\n\n" + "\n".join(f"- {text}" for text in limits)


def _provenance(run: Run) -> str:
    record = run.record
    rows = [
        ("run", _plain(run.name)),
        ("made", str(record["created"])[:10]),
        ("serkit", str(record["versions"].get("serkit", "?"))),
        ("seed", str(record["seed"])),
        ("parameters", f"{record['parameters']:,}" if record["parameters"] else "unknown"),
        ("time to fit", _seconds(record["train_seconds"])),
        ("corpus digest", str(record["corpus_digest"])[:16]),
        ("split digest", str(record["split_digest"])[:16]),
    ]
    command = _command(record).replace("`", "'")
    return f"## How it was made\n\n```sh\n{command}\n```\n\n{_table(('what', 'is'), rows)}"


def _seconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f} s"


def _command(record: Mapping[str, Any]) -> str:
    """Return the command that makes the run again; stores are named by their corpora."""
    joined = "".join(
        f" --map {quote(f'{old}={new}')}" for old, new in record.get("label_map", {}).items()
    )
    stores = record.get("stores", ())
    if origin := record.get("evaluated_run"):
        return f"serkit evaluate {origin} --store {quote(stores[0]['corpus'])}{joined}"
    given = "".join(f" --set {key}={value}" for key, value in record["given"].items())
    tested = any(store["role"] == "test" for store in stores)
    flags = "".join(
        f" --{'test-' if store['role'] == 'test' else ''}store {quote(store['corpus'])}"
        for store in stores
    )
    protocol = "" if tested else f" --protocol {record['protocol']}"
    return (
        f"serkit train {record['model']}{flags}{joined}{protocol} "
        f"--preset {record['preset']} --seed {record['seed']}{given}"
    )


def _corpus(run: Run) -> tuple[str, str, str]:
    """Return the corpus's title, licence and address; of one that is unknown its name alone."""
    name = str(run.record["corpus"])
    try:
        known = CORPORA.get(name)
    except UnknownNameError:
        return name, "", ""
    return known.title, known.licence, known.url


def _interval(run: Run) -> str:
    return interval(run.record.get("uar_low"), run.record.get("uar_high")) or "unknown"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Keep names from outside from being read as Markdown or HTML."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("`", "'")
    return " ".join(text.split())
