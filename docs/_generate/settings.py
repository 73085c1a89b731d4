"""The page of settings, from the class that holds them."""

from __future__ import annotations

import inspect
from dataclasses import fields

from serkit.settings import FILE, PREFIX, Settings

from . import markdown

_TEXT = f"""# Settings

Say once what you would otherwise type each time. Four places count, the later over the earlier:

1. the defaults below;
2. `{FILE}` in the current folder, or else in the nearest folder above it;
3. environment variables that begin with `{PREFIX}`;
4. the flag on the command line, or the argument of the library's function.

The settings that a run was made with are kept in its `run.json`, under `settings`.
A key or a variable that is none of these is an error (exit code 2) that names the nearest ones.
"""

_EXAMPLE = f"""## Example

`{FILE}` at the top of a project:

```toml
store = "features/store"
features = ["mel64", "functionals"]
workers = 2
protocol = "speaker5"
```

Paths are relative to the folder that the command runs in, not to the file.
For one command only:

```sh
{PREFIX}SEED=1 serkit train logreg
serkit train logreg --seed 2
```
"""


def page() -> str:
    rows = [
        (
            markdown.code(field.name),
            markdown.code(f"{PREFIX}{field.name.upper()}"),
            f"`{field.default!r}`".replace("'", '"'),
            _meanings()[field.name],
        )
        for field in fields(Settings)
    ]
    known = markdown.table((f"key in {FILE}", "variable", "default", "meaning"), rows)
    return "\n".join([_TEXT, known, "", _EXAMPLE])


def _meanings() -> dict[str, str]:
    lines = (inspect.getdoc(Settings) or "").partition("Attributes:")[2].splitlines()
    found = (line.strip().partition(":") for line in lines if line.strip())
    return {name: meaning.strip() for name, _, meaning in found}
