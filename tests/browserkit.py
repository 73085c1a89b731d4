"""A headless Chromium for tests of pages; tests skip where there is none."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

_AXE = "axe_playwright_python"
"""The package whose copy of axe-core is used; of Playwright itself nothing is."""

DARK = "--blink-settings=preferredColorScheme=0"


def run(page: Path, *options: str) -> str:
    """Open a page and return its document once its scripts have run."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("needs Chromium")
    done = subprocess.run(
        [
            *(found, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--user-data-dir={page.parent / 'browser'}", "--virtual-time-budget=30000"),
            *options,
            *("--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout


def measure(text: str, folder: Path, script: str, *options: str) -> Any:
    """Run a script in a page and return what it resolves to, as JSON."""
    # The page's own policy forbids every script, as it should.
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    ending = (
        "<script>Promise.resolve().then(async () => {" + script + "}).then((r) => {"
        "document.documentElement.innerHTML = '<pre id=answer></pre>';"
        "document.getElementById('answer').textContent = JSON.stringify(r);});</script></body>"
    )
    page = folder / "measured.html"
    page.write_text(open_page.replace("</body>", ending), encoding="utf-8")
    document = run(page, *options)
    answer = re.search(r'<pre id="answer">(.*?)</pre>', document, re.DOTALL)
    assert answer, document[-2000:]
    return json.loads(html.unescape(answer[1]))


def axe() -> str:
    """Return the source of axe-core."""
    found = find_spec(_AXE)
    if found is None or found.origin is None:
        pytest.skip("needs axe-core: pip install axe-playwright-python")
    source = Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8")
    return source.replace("</script", "<\\/script")
