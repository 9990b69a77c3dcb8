"""The pages about jobs and runs in a real browser, against the real server and real runs."""
import os
import subprocess
import sys

from harness import ROOT, logs, wait_for

# Reads a table of a database file; without the file it fails inside a library.
JOB = """
import shelve, sys, time
print("starting", flush=True)
print("WARNING: cache is cold", flush=True)
block = bytearray(20 << 20)
until = time.time() + 2.5
while time.time() < until:
    sum(range(1000))
with shelve.open(sys.argv[1], "r") as table:
    print("read", len(table), "rows")
print("done")
"""


def test_the_pages_show_why_a_run_failed(server, tmp_path):
    script, table = tmp_path / "report.py", tmp_path / "table.db"
    script.write_text(JOB)
    subprocess.run(
        [sys.executable, "-c", f"import shelve; shelve.open({str(table)!r}, 'n').close()"],
        check=True,
        timeout=60,
    )

    def run(name):
        command = ["run", "--job", "daily-report", "--", sys.executable, script, name]
        return logs(server, *command, check=False, tool="bot").returncode

    def outcomes():
        reply = server.get("/api/v1/runs?job=daily-report", tool="bot")
        return [r["outcome"] for r in reply.json()["runs"]] if reply.status == 200 else []

    assert [run(table), run(table), run(tmp_path / "gone.db")] == [0, 0, 1]
    wait_for("the verdict", lambda: outcomes() == ["failed", "succeeded", "succeeded"])
    script = ROOT / "tests" / "e2e" / "browser" / "runs_page.mjs"
    modules = os.environ.get("LOGBOOM_WEB_MODULES", ROOT / "build" / "ui" / "web" / "page_test")
    named = ["--tool", "bot", "--job", "daily-report", "--modules", modules]
    done = subprocess.run(
        ["node", script, server.url, tmp_path / "shots", *named],
        capture_output=True,
        text=True,
        timeout=240,
    )
    print(done.stdout[-6000:], done.stderr[-3000:])
    assert done.returncode == 0
    assert (tmp_path / "shots" / "run.png").exists()
