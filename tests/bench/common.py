"""What the benches share: making logs, measuring a server from outside, tables."""
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.parse
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import BIN, cri, wait_for  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
WORDS = (
    "connection timeout user page edit token queue worker retry bot wiki article revision "
    "database replica lag request response cache render parse upload thumbnail category template"
).split()


def say(text):
    """Progress, on standard error."""
    print(f"# {text}", file=sys.stderr, flush=True)


# What the system knows of a process.


def cpu_seconds(pid):
    """Of all its threads, in user and kernel mode; ended children are not in it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mb(pid, field="VmRSS"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0


def percentile(values, share):
    """The value that `share` of all are not above; none of no values."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else None


# Logs: each function writes one file and returns (lines, bytes).


def container_log(pods, tool, container="main"):
    """The path of a container's log in a pod tree, its folder made."""
    log = pods / f"tool-{tool}_{tool}-x2x4z_u" / container / "0.log"
    log.parent.mkdir(parents=True)
    return log


def generated(path, megabytes):
    """Lines of a busy tool: a few shapes, numbers and ids that never repeat."""
    random.seed(7)
    number, word = random.randrange, lambda: random.choice(WORDS)
    size, lines, stamp = 0, 0, time.time_ns() - 3600 * 10**9
    with open(path, "w") as out:
        while size < megabytes << 20:
            stamp += number(1000, 200_000)
            text = random.choice(
                (
                    f"INFO  {word()} {word()} took {number(9999)} ms id={number(1 << 48):012x}",
                    f'192.0.2.{number(256)} - - "GET /{word()}/{number(10**6)} HTTP/1.1" 200 '
                    f"{number(10**5)}",
                    f"WARN  {word()}: retry {number(9)} after {number(60)} s "
                    f"user={word()}@example.org",
                    '{"level":"info","msg":"%s %s","n":%d}' % (word(), word(), number(10**9)),
                )
            )
            line = cri(text, time_ns=stamp)
            size, lines = size + len(line), lines + 1
            out.write(line)
    return lines, size


def from_corpus(source, path, most=None):
    """A corpus as a container log: its own records (CRI, Docker), or its lines given a time; whole
    lines of the first `most` bytes."""
    gap = random.Random(7).randrange
    stamp, second, head = time.time_ns() - 86400 * 10**9, None, b""
    lines, size = 0, 0
    unpack = subprocess.Popen(["zstd", "-dcq", "--long=27", source], stdout=subprocess.PIPE)
    has_records = Path(source).name.startswith(("cri-", "docker-"))
    with open(path, "wb") as out:
        for line in unpack.stdout:
            line = line.rstrip(b"\n")
            if not has_records:
                stamp += gap(2_000_000)
                if stamp // 10**9 != second:
                    second = stamp // 10**9
                    head = cri("", time_ns=stamp).encode()[:20]
                line = b"%s%09dZ stdout F %s" % (head, stamp % 10**9, line)
            if most is not None and size + len(line) + 1 > most:
                unpack.kill()
                break
            lines, size = lines + 1, size + len(line) + 1
            out.write(line + b"\n")
    unpack.stdout.close()
    unpack.wait()
    assert lines, f"{source}: no lines; is it a whole .zst file?"
    return lines, size


# A server from outside.


class Sums(dict):
    def __missing__(self, name):
        return 0


class Client:
    """One keep-alive connection; give it to one thread."""

    def __init__(self, server, timeout=120):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)

    def get(self, target, tool=None):
        """(status, body, seconds)"""
        begun = time.perf_counter()
        self.connection.request("GET", target, headers={"X-Scope-OrgID": tool} if tool else {})
        reply = self.connection.getresponse()
        body = reply.read()
        return reply.status, body, time.perf_counter() - begun

    def post(self, target, body, tool):
        headers = {"X-Scope-OrgID": tool, "Content-Type": "application/json"}
        self.connection.request("POST", target, body=body, headers=headers)
        reply = self.connection.getresponse()
        return reply.status, reply.read()

    def query(self, tool, query, **parameters):
        """(data, seconds) of a range query over all of the tool's time."""
        parameters = {"start": "1", "end": str(int(time.time()) + 60), "limit": 100, **parameters}
        target = "/loki/api/v1/query_range?" + urllib.parse.urlencode(
            {"query": query, **parameters}
        )
        status, body, seconds = self.get(target, tool)
        assert status == 200, (query, status, body[:500])
        return json.loads(body)["data"], seconds

    def metrics(self):
        """Every metric, summed over its labels; 0 for one that has not been needed yet."""
        status, body, _ = self.get("/metrics")
        assert status == 200, body[:500]
        sums = Sums()
        for line in body.decode().splitlines():
            if line and line[0] != "#":
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                sums[name] = sums.get(name, 0) + float(value)
        return sums

    def close(self):
        self.connection.close()


def lines_of(data):
    """The lines of an answer, without their times."""
    return [value[1] for stream in data["result"] for value in stream["values"]]


class Settled:
    """When what was given to a server was stored and sealed. Seconds run from `begun`, CPU-seconds
    are of the whole process since `cpu`."""

    stored_seconds = stored_cpu = sealed_seconds = sealed_cpu = 0.0
    metrics = {}


def settle(server, raw=None, lines=None, begun=None, cpu=0.0, still=1.3, limit=7200):
    """Waits until `raw` bytes of files (or `lines` lines) are stored and all is sealed."""
    client, pid = Client(server), server.process.pid
    begun = begun or time.monotonic()
    told, changed, before, stored = begun, begun, None, -1
    what = Settled()
    while True:
        assert server.running(), f"the server ended:\n{server.tail_of_log()}"
        now, metrics = time.monotonic(), client.metrics()
        appended = metrics["logboom_store_appended_lines_total"]
        if appended != stored:
            stored = appended
            what.stored_seconds, what.stored_cpu = now - begun, cpu_seconds(pid) - cpu
        read = metrics["logboom_collector_read_bytes_total"]
        inbox = metrics["logboom_store_inbox_bytes"]
        state = (appended, read, metrics["logboom_store_block_bytes"])
        if state != before or inbox:
            before, changed = state, now
        whole = appended >= lines if lines is not None else read >= raw
        done = whole and not inbox and not metrics["logboom_collector_unacked_bytes"]
        if done and now - changed > still:  # longer than the server takes to renew these figures
            client.close()
            what.sealed_seconds, what.sealed_cpu = changed - begun, cpu_seconds(pid) - cpu
            what.metrics = metrics
            return what
        assert now - begun < limit, f"not all was stored and sealed within {limit} s: {metrics}"
        if now - told > 15:
            say(f"    {read / 1e6:.0f} MB read, {appended:.0f} lines stored so far")
            told = now
        time.sleep(min(0.25, max(0.01, (now - begun) / 20)))  # to 5 % of what it measures


class Tail:
    """`logs tail` of a quiet tool: how long a line takes from being written to being seen."""

    def __init__(self, server, pods, tool="latency"):
        client = Client(server)
        self.tail = subprocess.Popen(
            [BIN / "logs", "tail", "-n", "0", "-o", "jsonl", "--tool", tool],
            stdout=subprocess.PIPE,
            env={**os.environ, "LOGS_URL": server.url, "HOME": str(server.directory)},
        )
        try:
            wait_for("the tail", lambda: client.metrics()["logboom_query_tails"])
        except AssertionError:
            self.kill()
            raise
        client.close()
        self.log = open(container_log(pods, tool), "a")
        self.written, self.delays = 0, []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.tail.stdout:
            record, now = json.loads(line), time.time()
            assert record["line"] == f"tick {len(self.delays)}", record
            whole, _, fraction = record["ts"].rstrip("Z").partition(".")
            at = datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + fraction)
            self.delays.append(now - at)

    def write(self):
        self.log.write(cri(f"tick {self.written}"))
        self.log.flush()
        self.written += 1

    def whole(self, seconds=60):
        """The delays in seconds; fails when a line is missing after so long."""
        wait_for("every line at the tail", lambda: len(self.delays) >= self.written, seconds)
        return self.delays

    def kill(self):
        self.tail.kill()
        self.tail.wait()


# What is printed.


class Table:
    """Rows, each also a line of JSON where `json_out` goes, at once. A column: (heading, key,
    digits after the point; none: as it is). `live`: rows are shown as they come, else by show()."""

    def __init__(self, part, columns, json_out=sys.stderr, note="", live=False):
        self.part, self.columns, self.json_out, self.note = part, columns, json_out, note
        self.live, self.rows = live, []

    def row(self, **values):
        print(json.dumps({"part": self.part, **values}), file=self.json_out, flush=True)
        self.rows.append([self.cell(values.get(key), digits) for _, key, digits in self.columns])
        if self.live:
            self.show_rows(self.rows[-1:], heading=len(self.rows) == 1, widths=[24])

    @staticmethod
    def cell(value, digits):
        if value is None:
            return "-"
        return str(value) if digits is None else f"{value:.{digits}f}"

    def show_rows(self, rows, heading, widths):
        headings = [heading for heading, _, _ in self.columns]
        widths = widths + [max(len(name) + 2, 8) for name in headings[len(widths) :]]
        for row in [headings] * heading + rows:
            rest = zip(row[1:], widths[1:])
            print(f"{row[0]:{widths[0]}}" + "".join(f"{cell:>{width}}" for cell, width in rest))
        sys.stdout.flush()

    def show(self):
        if self.rows:
            print(f"\n== {self.part}{': ' + self.note if self.note else ''}")
            columns = zip(*self.rows, [heading for heading, _, _ in self.columns])
            self.show_rows(self.rows, True, [max(map(len, column)) + 2 for column in columns])
