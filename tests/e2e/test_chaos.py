"""A million numbered lines while collector, server and broker are killed at random: each is stored
once, in order, and a live tail sees each once, in order."""
import json
import os
import random
import re
import subprocess
import threading
import time
from collections import defaultdict
from pathlib import Path

import pytest

from harness import BIN, Kafka, Process, Server, cri, logs, wait_for

LINES = int(os.environ.get("LOGBOOM_CHAOS_LINES", 1_000_000))
SECONDS = int(os.environ.get("LOGBOOM_CHAOS_SECONDS", 75))  # while which the lines are written
PODS = 4
PLAIN = 1
ROTATE_BYTES = 4 << 20


class Writer(threading.Thread):
    """One source of numbered lines, written at an even pace and rotated by rename under load."""

    def __init__(self, path, count, format_line):
        super().__init__(daemon=True)
        self.path, self.count, self.format_line = Path(path), count, format_line

    def run(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        begun, rotation, number = time.monotonic(), 0, 0
        out = open(self.path, "ab", buffering=0)
        while number < self.count:
            due = min(self.count, int((time.monotonic() - begun) / SECONDS * self.count) + 1)
            if number < due:
                chunk = b"".join(
                    self.format_line(i) for i in range(number, min(due, number + 2000))
                )
                # Torn writes: the collector must cope with half a line.
                cut = random.randrange(len(chunk))
                out.write(chunk[:cut])
                out.write(chunk[cut:])
                number = min(due, number + 2000)
            else:
                time.sleep(0.005)
            if out.tell() > ROTATE_BYTES:
                rotation += 1
                os.rename(self.path, f"{self.path}.{20260101000000 + rotation}")
                out.close()
                out = open(self.path, "ab", buffering=0)
        out.close()


def pod_line(pod):
    def line(number):
        # Pieces, as a container runtime cuts long lines, on both streams.
        if number % 97 == 0:
            return (
                cri(f"{pod} {number:07d} ", "stderr", "P") + cri("in two pieces", "stderr", "F")
            ).encode()
        return cri(f"{pod} {number:07d} {'x' * (number % 60)}").encode()

    return line


def start_tail(server, directory):
    """`logs tail` through everything that happens, its lines in a file."""
    out = open(Path(directory) / "tail.jsonl", "wb")
    environment = {
        **os.environ,
        "LOGS_URL": server.url,
        "LOGS_TOOL": "chaos",
        "HOME": str(directory),
    }
    return subprocess.Popen(
        [BIN / "logs", "tail", "-n", "0", "-o", "jsonl"],
        stdout=out,
        stderr=open(Path(directory) / "tail.err", "wb"),
        env=environment,
    )


def numbers_by_source(lines):
    sources = defaultdict(list)
    for line in lines:
        found = re.match(r"(\w+) (\d{7}) ", line)
        assert found, line
        sources[found.group(1)].append(int(found.group(2)))
    return sources


def check_each_once_in_order(what, sources, counts):
    for source, count in counts.items():
        got = sources.get(source, [])
        if got == list(range(count)):
            continue
        missing = sorted(set(range(count)) - set(got))
        twice = sorted(n for n, times in _tally(got).items() if times > 1)
        wrong = next((i for i in range(1, len(got)) if got[i] <= got[i - 1]), None)
        raise AssertionError(
            f"{what}, {source}: {len(got)} of {count}; missing {len(missing)} "
            f"{missing[:5]}, twice {len(twice)} {twice[:5]}, first disorder at {wrong}: "
            f"{got[wrong - 1:wrong + 2] if wrong else ''}"
        )


def _tally(numbers):
    tally = defaultdict(int)
    for number in numbers:
        tally[number] += 1
    return tally


@pytest.mark.parametrize("transport", ["direct", "kafka"])
def test_every_line_once_and_in_order_whatever_is_killed(transport, tmp_path, started):
    seed = int(os.environ.get("LOGBOOM_SEED", time.time_ns() % 10**6))
    print(f"seed {seed}, {LINES} lines over {SECONDS} s")
    random.seed(seed)
    pods = tmp_path / "pods"
    pods.mkdir()
    kafka = None
    if transport == "kafka":
        kafka = Kafka(tmp_path)
        started.append(kafka)
        kafka.start()
    through = ["--kafka", kafka.brokers, "--partitions", "3"] if kafka else []
    server = Server(tmp_path, "--no-collect", "--seal-bytes", "2MiB", *through)
    collector = Process(
        "collector",
        [
            BIN / "logboom",
            "collect",
            "--state",
            tmp_path / "state",
            "--pod-logs",
            pods,
            "--file",
            f"chaos/plain0={tmp_path}/plain/p0.log",
            *(through or ["--server", server.url]),
        ],
        tmp_path,
    )
    started += [server, collector]
    server.start().ready()
    collector.start()
    tail = start_tail(server, tmp_path)

    each = LINES // (PODS + PLAIN)
    counts = {f"pod{i}": each for i in range(PODS)} | {f"plain{i}": each for i in range(PLAIN)}
    writers = [
        Writer(
            pods / f"tool-chaos_pod{i}-x2x4z_uid{i}" / "main" / "0.log", each, pod_line(f"pod{i}")
        )
        for i in range(PODS)
    ]
    writers += [
        Writer(
            tmp_path / "plain" / "p0.log",
            each,
            lambda number: f"plain0 {number:07d} {'y' * (number % 50)}\n".encode(),
        )
    ]
    for writer in writers:
        writer.start()

    kills = defaultdict(int)
    try:
        while any(writer.is_alive() for writer in writers):
            time.sleep(random.uniform(0.5, 3.0))
            victim = random.choice([collector, server] + ([kafka] if kafka else []))
            victim.kill()
            kills[getattr(victim, "name", "broker")] += 1
            time.sleep(random.uniform(0.0, 1.0))
            victim.start()
        if not collector.running():
            collector.start()
        server.ready()
        total = sum(counts.values())
        wait_for(
            f"{total} lines in the tail", lambda: count_lines(tmp_path / "tail.jsonl") >= total, 180
        )
    finally:
        tail.terminate()
        tail.wait()
    print("kills:", dict(kills))
    assert kills["collector"] and kills["server"] and (not kafka or kills["broker"])

    with open(tmp_path / "tail.jsonl") as seen:
        live = numbers_by_source(json.loads(line)["line"] for line in seen)
    check_each_once_in_order("tail", live, counts)
    for job in counts:
        done = logs(server, "show", job, "-n", "all", "-o", "raw", "--since", "1h", tool="chaos")
        stored = numbers_by_source(done.stdout.decode().splitlines())
        check_each_once_in_order("store", stored, {job: each})


def count_lines(path):
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
