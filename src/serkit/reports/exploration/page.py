"""The exploration of a corpus as one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serkit.clips import SAMPLE_RATE
from serkit.errors import UnknownNameError
from serkit.reports.embed import data_uri, flac, inline
from serkit.reports.exploration.grouping import LABEL, Grouping
from serkit.reports.exploration.measure import LENGTH, Measurements
from serkit.reports.exploration.tables import group_rows, number
from serkit.reports.html import Column, Section, cards, page, scrolling, table
from serkit.reports.markup import Markup, join, tag

Pictures = Mapping[str, bytes]
"""The SVG file of each figure by its name."""


@dataclass(frozen=True)
class _Words:
    """Captions of figures, also used as alternative text."""

    alt: str
    caption: str


_WORDS = {
    "waveform": _Words("Amplitude of one clip over time", ""),
    "mel-spectrogram": _Words(
        "Mel spectrogram of the same clip, time against frequency up to 8 kHz",
        "Power in 128 mel bands, in decibels below the clip's maximum.",
    ),
    "length": _Words("Bars of the mean clip length of each group, with one standard deviation", ""),
    "length-histograms": _Words("Histograms of clip length, one for each group", ""),
    "change-deviation": _Words(
        "Bars of the mean change deviation of each group",
        "The signal is averaged in blocks of five samples; this is the standard deviation of the "
        "change from block to block, a rough measure of loudness.",
    ),
    "amplitudes": _Words(
        "Box plots of the amplitudes of each group",
        "Every sample of every clip counts, except silence and outliers.",
    ),
    "amplitude-histograms": _Words(
        "Histograms of the amplitudes, one for each group",
        "The vertical axis is logarithmic: loud samples are rare.",
    ),
    "voice": _Words(
        "Box plots of loudness, pitch and speaking rate of each group",
        "Loudness is the mean level of speech frames, pitch the median of voiced frames, speaking "
        "rate the number of level peaks (about one a syllable) a second.",
    ),
    "marks": _Words(
        "For each class the five kinds of features that set it apart most, with intervals",
        "Effects within speakers: a voice that is high in every emotion counts for nothing. "
        "Features were picked for their size, so expect the true effects to be a little smaller.",
    ),
    "map": _Words(
        "Two scatter plots of the same clips, coloured by class and by speaker",
        "Clips of one voice lie together. A random split leaves a clip's nearest neighbours, other "
        "takes by the same speaker, in the training set: a model looks better than it is on new "
        "speakers. That difference is the optimism gap.",
    ),
}


def exploration_page(measured: Measurements, pictures: Pictures) -> str:
    """Return the whole page."""
    corpora = " and ".join(sorted(set(measured.clips["corpus"].astype(str))))
    lead = (
        tag("p", "What the clips are like, before any model is trained.", class_="lead"),
        cards(_headline(measured)),
        (tag("p", gap, class_="note") for gap in measured.gaps),
    )
    sections = [
        *([_one_clip(measured, pictures)] if measured.example else []),
        *(_group_section(measured, each, pictures) for each in measured.groupings),
        *_structure_sections(pictures),
    ]
    return page(f"Exploring {corpora}", lead, sections)


def summary_tables(measured: Measurements) -> Markup:
    """Return the tables of every grouping."""
    return join(_group_table(measured, each) for each in measured.groupings)


def _headline(measured: Measurements) -> list[tuple[str, str]]:
    seconds = measured.clips[LENGTH.column]
    found = [
        (f"{len(seconds):,}", "clips"),
        (_duration(float(seconds.sum())), "of audio"),
        (f"{seconds.min():.1f}–{seconds.max():.1f} s", "clip length"),
        (f"{measured.clips['num_frames'].sum() / 1e6:,.1f} M", "samples"),
    ]
    return found + [
        (f"{len(each)}", f"{each.column}s")
        for each in measured.groupings
        if each.column in (LABEL, "speaker", "actor")
    ]


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _one_clip(measured: Measurements, pictures: Pictures) -> Section:
    clip = measured.example
    assert clip is not None
    corpus = str(measured.clips.loc[clip.clip_id, "corpus"])
    player = tag(
        "audio",
        controls=True,
        preload="metadata",
        src=data_uri(flac(clip.samples, SAMPLE_RATE), "audio/flac"),
        aria_label=f"Play {clip.clip_id}",
    )
    body = (
        tag("p", f"{clip.clip_id}: {clip.about}, {clip.seconds:.2f} s."),
        player,
        tag("p", _licence(corpus), class_="quiet"),
        _figure("waveform", pictures),
        _figure("mel-spectrogram", pictures),
    )
    return Section("clip", "One clip", join(body))


def _licence(corpus: str) -> str:
    from serkit.ingest.corpus import CORPORA

    try:
        known = CORPORA.get(corpus)
    except UnknownNameError:
        return ""
    return f"Audio: {known.title}, licence {known.licence}. {known.citation}"


def _group_section(measured: Measurements, grouping: Grouping, pictures: Pictures) -> Section:
    names = (
        "length",
        "length-histograms",
        "change-deviation",
        "amplitudes",
        "amplitude-histograms",
        "voice",
    )
    drawn = (_figure(f"{name}-by-{grouping.column}", pictures, name) for name in names)
    body = join((_group_table(measured, grouping), drawn))
    return Section(f"by-{grouping.column}", f"By {grouping.column}", body)


def _group_table(measured: Measurements, grouping: Grouping) -> Markup:
    columns = [Column(grouping.column, text=True), Column("clips")]
    rows = group_rows(measured, grouping)
    for quantity in measured.quantities:
        columns.append(Column(quantity.label))
        if quantity is LENGTH:
            columns.append(Column("± s"))
    cells = (
        (
            row.group,
            f"{row.clips:,}",
            *(
                text
                for quantity in measured.quantities
                for text in (
                    (number(row.means[quantity.column], quantity), _spread(row.seconds_std))
                    if quantity is LENGTH
                    else (number(row.means[quantity.column], quantity),)
                )
            ),
        )
        for row in rows
    )
    return table(f"Means by {grouping.column}", columns, cells)


def _spread(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _structure_sections(pictures: Pictures) -> list[Section]:
    titles = {"marks": "What marks each class", "map": "A map of the clips"}
    return [
        Section(name, title, _figure(name, pictures))
        for name, title in titles.items()
        if name in pictures
    ]


def _figure(name: str, pictures: Pictures, kind: str | None = None) -> Markup:
    """Return a figure that scrolls separately on narrow screens."""
    if name not in pictures:
        return Markup()
    words = _WORDS[kind or name]
    title = name.replace("-", " ")
    drawing = scrolling(inline(pictures[name], name, words.alt), title, class_="drawing")
    return tag("figure", drawing, words.caption and tag("figcaption", words.caption))
