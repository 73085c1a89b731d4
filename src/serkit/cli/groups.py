"""The help page: commands by group, and three examples."""

from __future__ import annotations

from typing import Any

from serkit.cli.commands import GROUPS, Commands
from serkit.cli.values import PlainGroup

EXAMPLES = """Examples:
  serkit extract data/ravdess                  # compute and cache features
  serkit train logreg --protocol luna5         # train, and test on new speakers
  serkit compare --published                   # the leaderboard
"""


class Grouped(PlainGroup):
    """A group whose help lists commands under headings, and ends with examples."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = Commands()

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write one section for each group, without building any command."""
        for heading, members in GROUPS.items():
            rows = [(name, lazy.summary) for name, lazy in members.items()]
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=12)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the examples line by line, without reflowing them."""
        formatter.write("\n" + EXAMPLES)
