"""The table of commands: the help page is written from it, and no command is built for that."""

from __future__ import annotations

import subprocess
import sys

import pytest

from serkit.cli.commands import GROUPS, Commands

LAZY = {name: lazy for group in GROUPS.values() for name, lazy in group.items()}


@pytest.mark.parametrize("name", LAZY)
def test_the_summary_is_the_first_line_of_the_commands_own_help(name):
    assert LAZY[name].summary == LAZY[name].command.help.partition("\n")[0]


@pytest.mark.parametrize("name", LAZY)
def test_a_command_is_named_as_its_function(name):
    command = LAZY[name].command
    assert hasattr(command, "commands") or command.name == name


def test_no_command_is_listed_twice():
    assert len(LAZY) == sum(len(group) for group in GROUPS.values()) == len(Commands())


def test_the_help_page_builds_no_command():
    code = (
        "import sys; from serkit.cli import app; app(['--help'], standalone_mode=False); "
        "print('\\n' + ' '.join(n for n in sys.modules if n.startswith('serkit.')))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    page, _, modules = result.stdout.rpartition("\n\n")
    assert all(f"  {name} " in page for name in LAZY)
    defining = {f"serkit.cli.{lazy.target.partition(':')[0]}" for lazy in LAZY.values()}
    assert defining & set(modules.split()) == set()
    assert "serkit.api" not in modules.split()
