"""The newcomer's command: twice, then stop; and its failing job explained in a real browser."""
import json
import os
import subprocess
import urllib.request
from pathlib import Path

from harness import ROOT, free_port


def quickstart(home, port, *arguments):
    done = subprocess.run(
        [ROOT / "deploy" / "quickstart", *arguments],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "LOGBOOM_HOME": str(home), "LOGBOOM_PORT": str(port), "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_quickstart_ends_with_a_verdict_and_can_be_run_again_and_stopped(tmp_path, browser):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    try:
        first = quickstart(tmp_path, port)
        verdict = first[first.index("[5/5]") :]
        assert "replica.example.org" in verdict and "external/connect" in verdict, verdict
        assert "ConnectionRefusedError" in verdict
        assert "reporter@example.org" not in first and "hunter2" not in first
        assert url in first
        again = quickstart(tmp_path, port)
        assert "already running" in again
        with urllib.request.urlopen(f"{url}/api/v1/runs?job=daily-report", timeout=10) as answer:
            runs = json.load(answer)["runs"]
        assert [run["outcome"] for run in runs] == (["failed"] + ["succeeded"] * 3) * 2

        picture = tmp_path / "run.png"
        text = browser(f"{url}/runs/{runs[0]['id']}", "ConnectionRefusedError", picture)
        assert "external/connect" in text and "daily-report" in text
        assert "hunter2" not in text
        assert picture.stat().st_size > 10_000
        home = browser(f"{url}/", "daily-report", tmp_path / "home.png")
        assert "daily-report" in home
    finally:
        assert "stopped" in quickstart(tmp_path, port, "stop")
    try:
        urllib.request.urlopen(f"{url}/ready", timeout=5)
        raise AssertionError("still answering after stop")
    except OSError:
        pass
