"""Parts of tests/bench/store that ask the server over the scaled data: needles, scan, counts."""
import json
import random
import string
import time
import urllib.parse

import common
import store_data

NEEDLES = [
    ("what", "what", None),
    ("blocks are", "state", None),
    ("queries", "queries", 0),
    ("ms p50", "p50_ms", 2),
    ("ms p99", "p99_ms", 2),
    ("ms all tools", "all_tools_ms", 1),
    ("wrong", "wrong", 0),
    ("pieces read", "pieces_read", 2),
    ("of", "pieces", 2),
]
SCAN = [
    ("what", "what", None),
    ("tool", "tool", None),
    ("blocks are", "state", None),
    ("MB", "raw_mb", 1),
    ("GB/s per core", "gb_per_cpu_s", 2),
    ("GB/s wall", "gb_per_s", 2),
    ("ms", "ms", 1),
    ("found", "found", 0),
    ("pieces read", "pieces_read", 0),
    ("of", "pieces", 0),
]
COUNTS = [
    ("tool", "tool", None),
    ("blocks are", "state", None),
    ("ms p50", "p50_ms", 2),
    ("answer bytes", "answer_bytes", 0),
]
# No word of them can be looked up: punctuation, lone letters, letters inside a word.
SCANS = {
    "substring, exact": "|= `~^;~`",
    "substring, any case": "|~ `(?i)z~\\^;q`",
    "part of a word, exact": "|= `xqzvkw`",
    "part of a word, any case": "|~ `(?i)xqzvkw`",
    "regex, exact": "|~ `~\\^[0-9]+;~`",
    "regex, any case": "|~ `(?i)z~[a-f]+\\^q`",
    "regex of classes alone": "|~ `[0-9]{4}[g-z]{4}[G-Z]{4}[0-9]{4}[g-z]{4}`",
}
BUDGET_SECONDS = 90  # of one row: a slow answer is repeated less often


class Pieces:
    """How many blocks and inbox batches queries looked at, of how many: as the answers say, else
    from the server's counters."""

    READ, SKIPPED = "logboom_query_pieces_read_total", "logboom_query_pieces_skipped_total"

    def __init__(self, client):
        self.client, self.answers, self.read, self.all = client, 0, 0, 0
        self.before = client.metrics()

    def add(self, data):
        store = data.get("stats", {}).get("querier", {}).get("store", {})
        if "totalChunksDownloaded" in store and "totalChunksRef" in store:
            self.answers += 1
            self.read += store["totalChunksDownloaded"]
            self.all += store["totalChunksRef"]

    def each(self, queries):
        """{pieces_read, pieces} of one query on average; none where nobody tells."""
        if self.answers:
            return {"pieces_read": self.read / self.answers, "pieces": self.all / self.answers}
        after = self.client.metrics()
        if self.READ not in after or not queries:
            return {"pieces_read": None, "pieces": None}
        read, skipped = (
            after[name] - self.before[name] for name in (self.READ, self.SKIPPED)
        )
        return {"pieces_read": read / queries, "pieces": (read + skipped) / queries}


def containing(tool, word):
    return f'{{tool="{tool}"}} |= "{word}"'


class Reads:
    def __init__(self, bench, parts):
        self.bench, self.parts = bench, parts
        self.tables = {}
        for part, columns, note in (
            ("needles", NEEDLES, "each found exactly once?"),
            ("scan", SCAN, "bytes of the tool's lines over CPU of the whole process"),
            ("counts", COUNTS, "/api/v1/counts by level over 30 days"),
        ):
            if part in parts:
                self.tables[part] = bench.table(part, columns, note)

    def run(self, state):
        """All of its parts, on blocks as they are now."""
        self.scaled, self.server = self.bench.scaled(), self.bench.over_scaled()
        for part, ask in (("scan", self.scan), ("counts", self.counts), ("needles", self.needles)):
            if part in self.parts:
                common.say(f"{part}: {state}")
                self.client = common.Client(self.server)
                ask(self.tables[part], state)
                self.client.close()

    def needles(self, table, state):
        needles, client = self.scaled.needles, self.client
        pieces, wrong, times = Pieces(client), 0, []
        for tool, token in needles:  # the first time is not counted: it warms
            data, _ = client.query(tool, containing(tool, token))
            pieces.add(data)
            found = common.lines_of(data)
            wrong += len(found) != 1 or token not in found[0]
        each = pieces.each(len(needles))
        end = time.monotonic() + BUDGET_SECONDS
        for tool, token in needles * 3:
            if time.monotonic() > end:
                break
            times.append(client.query(tool, containing(tool, token))[1])
        self.note(table, "needle, warm", state, times, wrong=wrong, **each)
        for what, word in self.absent_words():
            self.absent(table, what, state, word)
        self.cold(table, state)

    @staticmethod
    def absent_words():
        dice = random.Random(11)
        letters, both = string.ascii_lowercase, string.ascii_lowercase + string.digits
        yield "absent word of letters", lambda: "zq" + "".join(dice.choices(letters, k=8))
        yield "absent id of 20", lambda: "".join(dice.choices(both, k=20))
        # Neither a number nor hexadecimal.
        yield "absent id of 8", lambda: "q" + "".join(dice.choices(both, k=6)) + "7"

    def absent(self, table, what, state, word):
        """Each word is looked for in every tool."""
        pieces, times, sums, wrong = Pieces(self.client), [], [], 0
        end = time.monotonic() + BUDGET_SECONDS
        for turn in range(6):
            absent, once = word(), []
            for tool in self.scaled.tools:
                data, seconds = self.client.query(tool, containing(tool, absent))
                once.append(seconds)
                wrong += bool(common.lines_of(data))
                pieces.add(data)
            if turn:  # the first time warms
                times += once
                sums.append(sum(once) * 1e3)
            if time.monotonic() > end and sums:
                break
        each = pieces.each((len(sums) + 1) * len(self.scaled.tools))
        whole = common.percentile(sums, 0.5)
        self.note(table, what, state, times, wrong=wrong, all_tools_ms=whole, **each)

    def cold(self, table, state):
        """The first question to each tool after a start with nothing in the system's cache."""
        first, times, wrong = {}, [], 0
        for tool, token in self.scaled.needles:
            first.setdefault(tool, token)
        for _ in range(1 if self.bench.small else 3):
            self.server.terminate(120)
            if not store_data.drop_caches():
                common.say("    the system's cache cannot be dropped (not root?): cold is -")
                self.server.start().ready(600)
                break
            self.server.start().ready(600)
            client = common.Client(self.server)
            for tool, token in first.items():
                data, seconds = client.query(tool, containing(tool, token))
                times.append(seconds)
                wrong += len(common.lines_of(data)) != 1
            client.close()
        self.note(table, "needle, cold", state, times, wrong=wrong if times else None)

    @staticmethod
    def note(table, what, state, times, **more):
        half, most = (common.percentile(times, share) for share in (0.5, 0.99))
        table.row(
            what=what,
            state=state,
            queries=len(times),
            p50_ms=half and half * 1e3,
            p99_ms=most and most * 1e3,
            **more,
        )

    def scan(self, table, state):
        """Every line of the largest tools is looked at, often enough to see it in CPU ticks."""
        pid = self.server.process.pid
        for what, filter_ in SCANS.items():
            for tool in self.scaled.tools[: 1 if self.bench.small else 3]:
                query = f'{{tool="{tool}"}} {filter_}'
                found = len(common.lines_of(self.client.query(tool, query)[0]))
                pieces, times, cpu = Pieces(self.client), [], common.cpu_seconds(pid)
                while sum(times) < 0.5 and len(times) < 50:
                    data, seconds = self.client.query(tool, query)
                    pieces.add(data)
                    times.append(seconds)
                cpu = (common.cpu_seconds(pid) - cpu) / len(times)
                raw, wall = self.scaled.bare[tool], sum(times) / len(times)
                table.row(
                    what=what,
                    tool=tool,
                    state=state,
                    query=query,
                    raw_mb=raw / 1e6,
                    gb_per_cpu_s=raw / 1e9 / cpu if cpu else None,
                    gb_per_s=raw / 1e9 / wall,
                    ms=wall * 1e3,
                    found=found,
                    **pieces.each(len(times)),
                )

    def counts(self, table, state):
        for tool in self.scaled.tools[:3]:
            table.row(tool=tool, state=state, **count_of(self.client, tool))


def count_of(client, tool, days=30, repeat=5):
    """What counting a tool's lines by level and hour costs; nothing where nobody can."""
    now = time.time_ns()
    parameters = {"start": now - days * 86400 * 10**9, "end": now, "step": "1h", "by": "level"}
    target = "/api/v1/counts?" + urllib.parse.urlencode(parameters)
    times, body = [], b""
    for _ in range(repeat):
        status, body, seconds = client.get(target, tool)
        if status == 404:
            return {"p50_ms": None, "answer_bytes": None}
        assert status == 200, (target, status, body[:500])
        json.loads(body)
        times.append(seconds * 1e3)
    return {"p50_ms": common.percentile(times, 0.5), "answer_bytes": len(body)}
