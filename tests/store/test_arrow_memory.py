"""Arrow's allocator is chosen for a writer's process alone, before Arrow is imported."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import os
from serkit.store.arrow_memory import system_memory
{before}
with system_memory():
    import pyarrow
print(pyarrow.default_memory_pool().backend_name, os.environ.get("ARROW_DEFAULT_MEMORY_POOL"))
"""


def ask(before=""):
    command = [sys.executable, "-c", ASK.format(before=before)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_arrow_takes_memory_from_the_system_and_the_environment_is_as_before():
    assert ask() == ["system", "None"]


def test_who_has_chosen_an_allocator_keeps_it():
    usual = ask("import pyarrow")
    assert usual[0] in ("mimalloc", "jemalloc", "system")
    assert usual[1] == "None"
    chosen = ask(f"os.environ['ARROW_DEFAULT_MEMORY_POOL'] = {usual[0]!r}")
    assert chosen == [usual[0]] * 2
