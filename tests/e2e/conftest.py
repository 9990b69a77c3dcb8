import pytest

from harness import Kafka, Process, Server


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
