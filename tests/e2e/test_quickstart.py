"""The newcomer's command: twice, then stop."""
import os
import subprocess
import urllib.request

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


def test_quickstart_shows_a_failing_job_and_can_be_run_again_and_stopped(tmp_path):
    port = free_port()
    try:
        first = quickstart(tmp_path, port)
        assert "Traceback" in first and "ERROR daily-report: giving up" in first
        assert "reporter@example.org" not in first and "hunter2" not in first
        assert f"http://127.0.0.1:{port}" in first
        again = quickstart(tmp_path, port)
        assert "already running" in again
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).read()
        assert b"<html" in page
    finally:
        assert "stopped" in quickstart(tmp_path, port, "stop")
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5)
        raise AssertionError("still answering after stop")
    except OSError:
        pass
