"""Real containers: what they write reaches `logs tail` and the store, privately and soon."""
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from harness import BIN, logs, wait_for

PODMAN = ["podman", "--runtime", "runc", "--cgroup-manager=cgroupfs"]
IMAGE = "localhost/logboom-test"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A container image of nothing but a static busybox."""
    if subprocess.run([*PODMAN, "image", "exists", IMAGE]).returncode != 0:
        root = tmp_path_factory.mktemp("image")
        (root / "bin").mkdir()
        shutil.copy(shutil.which("busybox"), root / "bin" / "busybox")
        (root / "bin" / "sh").symlink_to("busybox")
        archive = subprocess.run(
            ["tar", "-C", root, "-c", "."], capture_output=True, check=True
        ).stdout
        subprocess.run(
            [*PODMAN, "import", "-", IMAGE], input=archive, capture_output=True, check=True
        )
    return IMAGE


def run_container(image, log, script, wait=True):
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    command = [
        *PODMAN,
        "run",
        "--rm",
        "--network",
        "none",
        "--ulimit",
        "nofile=1024:1024",
        "--ulimit",
        "nproc=1000:1000",
        "--log-driver",
        "k8s-file",
        "--log-opt",
        f"path={log}",
        image,
        "/bin/sh",
        "-c",
        script,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if wait:
        process.wait(60)
    return process


def test_both_streams_of_a_container_arrive_redacted(server, tmp_path, image):
    log = tmp_path / "pods" / "tool-demo_report-28461230-x2x4z_u1" / "main" / "0.log"
    run_container(
        image,
        log,
        "echo started by alice@example.org from 198.51.100.7; echo 'ERROR: cannot go on' >&2;"
        " printf 'no newline at the end'",
    )
    found = wait_for(
        "three lines", lambda: len(got := server.query('{job="report"}', tool="demo")) == 3 and got
    )
    by_text = {line: labels for _, line, labels in found}
    assert set(by_text) == {
        "started by <email> from <ip>",
        "ERROR: cannot go on",
        "no newline at the end",
    }
    assert by_text["ERROR: cannot go on"]["stream"] == "stderr"
    assert by_text["ERROR: cannot go on"]["container"] == "main"
    assert by_text["ERROR: cannot go on"]["namespace"] == "tool-demo"
    assert server.query('{pod="report-28461230-x2x4z"}', tool="demo")
    assert server.query('{job="report"}') == [], "another tool must not see them"


def test_a_pod_that_lives_less_than_a_second_leaves_its_lines(server, tmp_path, image):
    directory = tmp_path / "pods" / "tool-demo_brief-x2x4z_u2"
    run_container(image, directory / "main" / "0.log", "echo brief life; echo end")
    shutil.rmtree(directory)
    wait_for(
        "the lines",
        lambda: [line for _, line, _ in server.query('{job="brief"}', tool="demo")]
        == ["brief life", "end"],
    )


def test_a_line_is_in_the_tail_soon_after_it_is_written(server, tmp_path, image):
    """Prints the delay from the container's time stamp to the line's arrival at `logs tail`."""
    seen = tmp_path / "seen.jsonl"
    count = 200
    tail = subprocess.Popen(
        [BIN / "logs", "tail", "-n", "0", "-o", "jsonl", "--tool", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LOGS_URL": server.url, "HOME": str(tmp_path)},
    )
    try:
        wait_for("the tail to be connected", lambda: server.metric("logboom_query_tails") >= 1)
        run_container(
            image,
            tmp_path / "pods" / "tool-demo_ticker-x2x4z_u3" / "main" / "0.log",
            f"i=0; while [ $i -lt {count} ]; do echo tick $i; i=$((i+1));"
            " busybox usleep 20000; done",
            wait=False,
        )
        delays, texts = [], []
        for line in tail.stdout:
            arrived = time.time()
            record = json.loads(line)
            texts.append(record["line"])
            written = record["ts"]
            delays.append(arrived - parse_time(written))
            if len(texts) == count:
                break
    finally:
        tail.terminate()
        tail.wait()
    assert texts == [f"tick {i}" for i in range(count)]
    delays.sort()
    p50, p99 = delays[count // 2] * 1e3, delays[int(count * 0.99)] * 1e3
    print(f"written to seen: p50 {p50:.0f} ms, p99 {p99:.0f} ms")


def parse_time(text):
    from datetime import datetime

    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + (fraction or "0"))
