"""The page in a real browser, against the real server."""
import subprocess
from pathlib import Path

from harness import ROOT


def test_the_page_searches_and_follows(server, tmp_path):
    server.push(
        {"job": "daily-report"},
        ["INFO starting", "ERROR replica refused the connection", "INFO done"],
    )
    script = ROOT / "tests" / "e2e" / "browser" / "page.mjs"
    done = subprocess.run(
        ["node", script, server.url, tmp_path / "shots"],
        capture_output=True,
        text=True,
        timeout=180,
        env={
            **__import__("os").environ,
            "NODE_PATH": str(ROOT / "build" / "ui" / "web" / "node_modules"),
        },
    )
    print(done.stdout[-4000:], done.stderr[-4000:])
    assert done.returncode == 0
    assert list(Path(tmp_path / "shots").glob("*.png"))
