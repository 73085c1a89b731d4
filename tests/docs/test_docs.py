"""The pages: current, complete, and leading somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from serkit.cli import app
from serkit.features import Recipes
from serkit.settings import resolve as resolve_settings
from serkit.store.tables import ClipRow, FileRow, IndexRow

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "features" / "README.md"])


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def anchors(text: str) -> set[str]:
    """Return what a page's headings can be linked to by, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


class TestGeneratedPages:
    def generate(
        self, docs: Path, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the generator where no optional package can be imported."""
        code = (
            "import runpy, sys;"
            "gone = 'torch tensorflow keras datasets opensmile librosa'.split();"
            "sys.modules.update(dict.fromkeys(gone));"
            "sys.argv = sys.argv[1:];"
            "runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        return subprocess.run(
            [sys.executable, "-c", code, str(docs / "generate.py"), *arguments],
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
            capture_output=True,
            text=True,
        )

    def test_are_current_whatever_the_terminal_and_the_packages(self):
        found = self.generate(DOCS, "--check", COLUMNS="37", FORCE_COLOR="1", SERKIT_SEED="5")
        assert (found.returncode, found.stdout, found.stderr) == (0, "", "")

    def test_a_stale_page_is_named_on_one_line_and_then_mended(self, tmp_path):
        docs = tmp_path / "docs"
        shutil.copytree(DOCS, docs, ignore=shutil.ignore_patterns("__pycache__"))
        cli = docs / "reference" / "cli.md"
        current = cli.read_text(encoding="utf-8")
        cli.write_text(current.replace("--seed", "--sead"), encoding="utf-8")

        found = self.generate(docs, "--check")
        assert found.returncode == 1
        message = "stale: reference/cli.md; run 'python docs/generate.py'\n"
        assert (found.stdout, found.stderr) == ("", message)

        assert self.generate(docs).returncode == 0
        assert cli.read_text(encoding="utf-8") == current


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {child}")


COMMANDS = dict(commands(typer.main.get_command(app), "serkit"))


def options_of(parameter: Any) -> list[str]:
    """Return the flags of an option; an argument has none."""
    return [each for each in (*parameter.opts, *parameter.secondary_opts) if each.startswith("-")]


def options(command: Any) -> set[str]:
    return {option for each in command.params for option in options_of(each)}


class TestCommandLine:
    @pytest.mark.parametrize("name", [n for n, c in COMMANDS.items() if c.params])
    def test_every_command_and_every_option_is_documented(self, name):
        sections = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8").split("\n## ")
        section = next(each for each in sections if each.splitlines()[0] == name)
        for each in COMMANDS[name].params:
            argument = (each.metavar or each.name).upper()
            words = options_of(each) or [argument]
            for word in words:
                assert re.search(rf"{re.escape(word)}(?!\w)", section), word

    @pytest.mark.parametrize("path", PAGES, ids=page_id)
    def test_commands_shown_in_a_page_exist_with_their_options(self, path):
        text = path.read_text(encoding="utf-8")
        for line in "\n".join(blocks(text, "sh")).splitlines():
            words = shlex.split(line, comments=True)
            words = [word for word in words if not re.match(r"SERKIT_\w+=", word)]
            if words[:1] != ["serkit"]:
                continue
            name = "serkit"
            for word in words[1:]:
                if f"{name} {word}" not in COMMANDS:
                    break
                name = f"{name} {word}"
            assert name != "serkit", line
            given = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert given <= options(COMMANDS[name]), line


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_every_link_leads_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), link
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), link


def test_the_index_leads_to_every_page():
    links = set(re.findall(r"\]\(([^)#]+)\)", (DOCS / "index.md").read_text(encoding="utf-8")))
    pages = {
        path.relative_to(DOCS).as_posix()
        for folder in ("howto", "reference")
        for path in (DOCS / folder).glob("*.md")
    }
    assert pages | {"tutorial.md"} <= links


class TestToml:
    @pytest.mark.parametrize("path", PAGES, ids=page_id)
    def test_every_block_is_toml(self, path):
        for block in blocks(path.read_text(encoding="utf-8"), "toml"):
            tomllib.loads(block)

    def test_recipes_resolve(self, tmp_path):
        found = [
            block
            for path in PAGES
            for block in blocks(path.read_text(encoding="utf-8"), "toml")
            if "extractor" in tomllib.loads(block) and "octave" not in block  # a plug-in's
        ]
        assert len(found) >= 4
        for number, block in enumerate(found):
            (tmp_path / f"recipe{number}.toml").write_text(block)
        own = Recipes(tmp_path)
        for number in range(len(found)):
            assert own.get(f"recipe{number}").layout()

    def test_the_recipe_shown_is_the_one_in_the_repository(self, tmp_path):
        mel64 = Recipes(ROOT / "features" / "definitions").get("mel64")
        for page in (DOCS / "howto" / "own-feature-recipe.md", DOCS / "tutorial.md"):
            shown = tmp_path / "mel64.toml"
            shown.write_text(blocks(page.read_text(encoding="utf-8"), "toml")[0])
            assert Recipes(tmp_path).get("mel64") == mel64

    def test_the_settings_shown_are_settings(self, tmp_path):
        page = (DOCS / "howto" / "settings.md").read_text(encoding="utf-8")
        (tmp_path / "serkit.toml").write_text(blocks(page, "toml")[0])
        settings = resolve_settings(folder=tmp_path, environment={})
        assert settings.features == "mel64,functionals"
        assert settings.workers == 2


@pytest.mark.parametrize("kind", [ClipRow, FileRow, IndexRow])
def test_the_store_s_tables_are_described_with_every_column(kind):
    page = (DOCS / "reference" / "store-format.md").read_text(encoding="utf-8")
    name = {ClipRow: "clips", FileRow: "files", IndexRow: "index-FEATURE"}[kind]
    described = re.search(rf"^`{name}`: `([^`]+)`", page, re.M)
    assert described
    assert re.split(r",\s+", described[1]) == [field.name for field in fields(kind)]
