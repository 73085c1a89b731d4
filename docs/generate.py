"""Write the reference pages that say what the code says.

    python docs/generate.py            # writes them
    python docs/generate.py --check    # writes nothing; leaves with 1 if a page is stale

The pages depend on the code alone: not on the terminal, nor on what else is installed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

from _generate import api, catalogue, cli, library, metrics, settings  # noqa: E402

PAGES: dict[str, Callable[[], str]] = {
    "reference/cli.md": cli.page,
    "reference/api.md": api.page,
    "reference/library.md": library.library_page,
    "reference/plug-ins.md": library.plug_ins_page,
    "reference/features.md": catalogue.features_page,
    "reference/models.md": catalogue.models_page,
    "reference/protocols.md": catalogue.protocols_page,
    "reference/metrics.md": metrics.page,
    "howto/settings.md": settings.page,
}
"""Each generated page, and what makes it."""

NOTICE = "<!-- Written by docs/generate.py; change the code, not this page. -->\n\n"


def texts() -> dict[str, str]:
    """Return every generated page by its path inside docs/."""
    return {
        name: NOTICE + re.sub(r"\n{3,}", "\n\n", make()).strip() + "\n"
        for name, make in PAGES.items()
    }


def stale(pages: dict[str, str]) -> list[str]:
    """Return the pages whose files say something else."""
    return [name for name, text in pages.items() if _read(DOCS / name) != text]


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print("usage: python docs/generate.py [--check]", file=sys.stderr)
        return 2
    pages = texts()
    if arguments:
        old = stale(pages)
        if old:
            message = f"stale: {', '.join(old)}; run 'python docs/generate.py'"
            print(message, file=sys.stderr)
        return 1 if old else 0
    for name, text in pages.items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
