"""Makes mkdocstrings read docstrings as the generated pages do: roles as plain code.

Docstrings say ``:func:`serkit.train``` and double backticks, so that editors understand them;
Markdown would show both as they stand. Their examples stand under ``Example:``, which griffe would
read as a paragraph, and ``[name]`` in it as a link.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import griffe

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _generate.markdown import prose


class PlainRoles(griffe.Extension):
    """Rewrites the docstring of everything that is loaded."""

    def on_object(self, *, obj: griffe.Object, **_kwargs: Any) -> None:
        """Rewrite one docstring; called once for each object."""
        if obj.docstring:
            text = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = prose(text)
