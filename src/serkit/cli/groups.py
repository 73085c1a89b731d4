"""The help page: commands by group, and three examples."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

GROUPS = {
    "Data": ("download", "synth", "check", "eda"),
    "Features": ("extract", "features", "store", "invert"),
    "Models": ("train", "fit", "tune", "evaluate", "curve", "human", "models", "protocols"),
    "Results": ("compare", "show", "stress", "report", "card", "predict", "serve", "export"),
    "Help": ("demo", "doctor"),
}
"""Commands by group, in the order in which they are used. Others are listed under Results."""

EXAMPLES = """Examples:
  serkit extract data/ravdess                  # compute and cache features
  serkit train logreg --protocol luna5         # train, and test on new speakers
  serkit compare --published                   # the leaderboard
"""


class Grouped(TyperGroup):
    """A group whose help lists commands under headings, and ends with examples."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return the commands, group by group."""
        return [name for names in self._grouped().values() for name in names]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write one section for each group."""
        for heading, names in self._grouped().items():
            rows = [(name, self.commands[name].get_short_help_str(80)) for name in names]
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=12)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the examples, line by line as they stand."""
        formatter.write("\n" + EXAMPLES)

    def _grouped(self) -> dict[str, list[str]]:
        known = {name for names in GROUPS.values() for name in names}
        found = {
            heading: [name for name in names if name in self.commands]
            for heading, names in GROUPS.items()
        }
        found["Results"] += [name for name in self.commands if name not in known]
        return found
