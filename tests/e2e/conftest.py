import subprocess

import pytest

from harness import ROOT, Kafka, Process, Server


@pytest.fixture
def started():
    """Ends whatever a test adds to it, newest first."""
    things = []
    yield things
    for thing in reversed(things):
        thing.stop() if isinstance(thing, Kafka) else thing.kill()


@pytest.fixture
def server(tmp_path, started):
    """The appliance with every role on one machine and nothing else."""
    (tmp_path / "pods").mkdir()
    thing = Server(tmp_path, "--pod-logs", tmp_path / "pods")
    started.append(thing)
    thing.start().ready()
    return thing


@pytest.fixture
def browser():
    """Shows a page in Chromium once a text is there: (url, text, picture) → all its text."""

    def show(url, text, picture):
        done = subprocess.run(
            ["node", ROOT / "tests" / "e2e" / "browser" / "show.mjs", url, text, picture],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    return show
