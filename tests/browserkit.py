"""A headless Chromium for tests of pages; tests skip where there is none."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

_AXE = ("node_modules/axe-core/axe.min.js", "/usr/lib/node_modules/axe-core/axe.min.js")

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
    root = Path(__file__).resolve().parents[1]
    for place in _AXE:
        if (root / place).is_file():
            return (root / place).read_text(encoding="utf-8").replace("</script", "<\\/script")
    pytest.skip("needs axe-core: npm install axe-core")
