"""The library's reference, from signatures and docstrings."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import serkit
from serkit import errors

from . import markdown

_LIBRARY = """# Library

`import serkit` is quick: what a name needs is imported when the name is first used.
Each function does what the command of the same name does, and prints nothing; `ls`, `why`,
`verify`, `repair`, `gc` and `export` correspond to `serkit store ...`.
`list_features`, `list_models` and `list_protocols` return what `serkit features`, `models` and
`protocols` show; `describe_feature` and `describe_model` describe one of them.
Arguments that are None come from the [settings](../howto/settings.md).
The examples run in a folder with a synthetic corpus of six speakers in `data/speech`, its features
in `features/store` and four runs in `runs`.

| Type | Is |
| --- | --- |
| `PathLike` | a string or a `pathlib.Path` |
| `Count` | a function called as `progress(done, total)` |
| `Steps` | the same, called also with what is going on, a string |
| `Where` | clips by column `{"emotion": ["angry", "sad"], "actor": 3}`, a pandas query \
`"actor <= 5 and sex == 'female'"`, or a function from the clips to a boolean mask |
| `Scale` | `"power"` or `"db"` |
"""

_PLUG_INS = """# Types of plug-ins

The types that you use to add an extractor, a corpus, a protocol or a model.
The how-to pages have complete examples: [extractor](../howto/new-extractor.md),
[corpus](../howto/new-corpus.md), [protocol](../howto/new-protocol.md),
[model](../howto/new-trainer.md).
"""

_REPORTS = (
    ("serkit.synthesis.corpus", "SynthReport"),
    ("serkit.ingest.download.corpus", "DownloadReport"),
    ("serkit.ingest.audit_report", "AuditReport"),
    ("serkit.extraction.extract", "ExtractReport"),
    ("serkit.extraction.estimate", "Estimate"),
    ("serkit.extraction.estimate", "Preview"),
    ("serkit.api.infos", "FeatureInfo"),
    ("serkit.api.infos", "FeatureDetails"),
    ("serkit.api.infos", "ModelInfo"),
    ("serkit.api.infos", "ParameterInfo"),
    ("serkit.api.infos", "ProtocolInfo"),
    ("serkit.api.doctor", "DoctorReport"),
    ("serkit.api.doctor", "Package"),
    ("serkit.store.listing", "StoreListing"),
    ("serkit.store.listing", "ListedFeature"),
    ("serkit.store.status", "FeatureStatus"),
    ("serkit.store.status", "ClipStatus"),
    ("serkit.store.verify", "VerifyReport"),
    ("serkit.store.verify", "Damage"),
    ("serkit.extraction.repair", "RepairReport"),
    ("serkit.store.gc", "GcReport"),
    ("serkit.store.manifest", "Failure"),
    ("serkit.prediction.predictions", "Prediction"),
    ("serkit.results.board", "Group"),
    ("serkit.results.board", "Entry"),
)

_TYPES = (
    ("Extractors", "serkit.features", ("Extractor", "Values", "ArrayLayout", "TableLayout")),
    ("Extractors", "serkit.features", ("Column", "Cost", "FeatureSpec")),
    ("Extractors", "serkit.parameters", ("Parameters", "parameter", "Parameter")),
    ("Extractors", "serkit.dsp.signal", ("Signal",)),
    ("Extractors", "serkit.dsp.stft", ("StftSettings",)),
    ("Corpora", "serkit.ingest.corpus", ("Corpus",)),
    ("Corpora", "serkit.clips", ("ClipName",)),
    ("Corpora", "serkit.labels", ("LabelSet",)),
    (
        "Protocols",
        "serkit.evaluation.splits",
        ("Protocol", "SplitClip", "Split", "Fold", "by_speaker"),
    ),
    (
        "Protocols",
        "serkit.evaluation.splits",
        ("fold_of", "choose_validation_speakers", "random_folds"),
    ),
    ("Models", "serkit.models", ("Trainer", "Preset", "FoldData", "TrainingClips", "ClipData")),
    ("Models", "serkit.models", ("FeatureValues", "FitContext", "Fitted")),
    ("Contracts", "serkit.testing", ("check_extractor", "check_corpus", "check_protocol")),
    ("Contracts", "serkit.testing", ("check_trainer", "ContractError", "example_clips")),
    ("Contracts", "serkit.testing", ("example_signal",)),
)


def library_page() -> str:
    functions = [name for name in serkit.__all__ if inspect.isfunction(getattr(serkit, name))]
    classes = [name for name in serkit.__all__ if _is_documented_class(getattr(serkit, name))]
    parts = [_LIBRARY, "## Functions"]
    parts += [entry(name, getattr(serkit, name), "serkit.") for name in functions]
    parts.append("## Classes")
    parts += [_class(name, getattr(serkit, name)) for name in classes]
    parts.append("## Reports\n\nFrozen dataclasses that the functions return.")
    parts += [entry(name, _thing(module, name)) for module, name in _REPORTS]
    parts += [_emotions(), _errors()]
    return "\n\n".join(parts)


def public_types() -> dict[str, Any]:
    """Return the functions and classes of the plug-ins page by their full names."""
    return {
        f"{module}.{name}": _thing(module, name) for _, module, names in _TYPES for name in names
    }


def plug_ins_page() -> str:
    parts, heading = [_PLUG_INS], ""
    for group, module, names in _TYPES:
        if group != heading:
            parts.append(f"## {group}")
            heading = group
        for name in names:
            thing = _thing(module, name)
            prefix = f"{module}."
            parts.append(
                _class(name, thing, prefix)
                if inspect.isclass(thing)
                else entry(name, thing, prefix)
            )
    return "\n\n".join(parts)


def entry(name: str, thing: Any, prefix: str = "") -> str:
    """Return one function's or class's section."""
    parts = [f"### {name}"]
    if inspect.isfunction(thing):
        parts.append(f"```python\n{signature(prefix + name, thing)}\n```")
    elif prefix:
        parts.append(markdown.code(prefix + name))
    parts.append(markdown.docstring(thing))
    return "\n\n".join(parts)


def signature(name: str, function: Any) -> str:
    """Return a signature as it is written, on one line or, where that is long, a line each."""
    found = inspect.signature(function)
    given = [each for each in found.parameters.values() if each.name != "self"]
    parameters = [_parameter(each) for each in given]
    kinds = [each.kind for each in given]
    keyword = inspect.Parameter.KEYWORD_ONLY
    if keyword in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        parameters.insert(kinds.index(keyword), "*")
    result = found.return_annotation
    after = "" if result is inspect.Signature.empty else f" -> {result}"
    line = f"{name}({', '.join(parameters)}){after}"
    if len(line) <= 90:
        return line
    return "\n".join([f"{name}(", *(f"    {each}," for each in parameters), f"){after}"])


def _parameter(parameter: inspect.Parameter) -> str:
    # With 'from __future__ import annotations' an annotation is the text in the source.
    stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}
    text = stars.get(parameter.kind.name, "") + parameter.name
    if parameter.annotation is not inspect.Parameter.empty:
        text += f": {parameter.annotation}"
    if parameter.default is inspect.Parameter.empty:
        return text
    return f"{text} = {_default(parameter.default)}"


def _default(value: Any) -> str:
    """Return a default as it is written; a path is shown the same on every system."""
    text = value.as_posix() if isinstance(value, Path) else value
    return json.dumps(text) if isinstance(text, str) else repr(text)


def _class(name: str, kind: Any, prefix: str = "serkit.") -> str:
    made = vars(kind).get("__init__")
    if made and not is_dataclass(kind) and not getattr(kind, "_is_protocol", False):
        head = f"```python\n{signature(prefix + name, made).removesuffix(' -> None')}\n```"
    else:
        head = markdown.code(prefix + name)
    parts = [f"### {name}", head, markdown.docstring(kind)]
    # A field whose default is a function looks like a method.
    own = {field.name for field in fields(kind)} if is_dataclass(kind) else set()
    for member, value in vars(kind).items():
        if member in own or member.startswith("_") or not hasattr(value, "__doc__"):
            continue
        function = getattr(value, "fget", None) or getattr(value, "func", None)
        if function is not None:
            parts.append(f"#### {name}.{member}\n\n{markdown.docstring(function)}")
        elif inspect.isfunction(value) or isinstance(value, classmethod):
            called = value.__func__ if isinstance(value, classmethod) else value
            text = signature(f"{name}.{member}", called)
            parts.append(
                f"#### {name}.{member}()\n\n```python\n{text}\n```\n\n{markdown.docstring(called)}"
            )
    return "\n\n".join(part for part in parts if part)


def _is_documented_class(thing: Any) -> bool:
    return inspect.isclass(thing) and not issubclass(thing, Exception)


def _thing(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _emotions() -> str:
    rows = ((str(number), name) for number, name in enumerate(serkit.EMOTIONS))
    return "## EMOTIONS\n\n`serkit.EMOTIONS`: RAVDESS's emotions by number.\n\n" + markdown.table(
        ("emotion_id", "emotion"), rows
    )


def _errors() -> str:
    kinds = [
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, errors.SerkitError)
    ]
    rows = (
        (
            markdown.code(kind.__name__),
            ", ".join(markdown.code(base.__name__) for base in kind.__bases__),
            str(kind.exit_code),
            markdown.prose((inspect.getdoc(kind) or "").partition("\n")[0]),
        )
        for kind in kinds
    )
    return (
        "## Errors\n\nAll are in `serkit.errors`. Each is a `SerkitError`, and most also "
        "inherit the corresponding builtin error.\n\n"
        + markdown.table(("error", "is a", "exit code", "when"), rows)
    )
