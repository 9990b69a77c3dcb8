"""Parts of tests/bench/store that write: ingest, size, load."""
import json
import threading
import time

import common
import store_data
from store_data import STREAMS, TOOLS

INGEST = [
    ("data", "data", None),
    ("raw MB", "raw_mb", 1),
    ("lines", "lines", 0),
    ("MB/s stored", "mb_per_s", 1),
    ("MB/cpu-s stored", "mb_per_cpu_s_stored", 1),
    ("MB/cpu-s sealed", "mb_per_cpu_s", 1),
]
SIZE = [
    ("data", "data", None),
    ("raw MB", "raw_mb", 1),
    ("bare MB", "bare_mb", 1),
    ("stored MB", "stored_mb", 2),
    ("raw/stored", "raw_to_stored", 1),
    ("zstd lines", "zstd_lines_mb", 2),
    ("zstd bare", "zstd_bare_mb", 2),
    ("zl/stored", "zstd_lines_to_stored", 2),
    ("zb/stored", "zstd_bare_to_stored", 2),
    ("index %", "index_percent", 1),
    ("compacted MB", "compacted_mb", 2),
    ("zl/comp.", "zstd_lines_to_compacted", 2),
    ("zb/comp.", "zstd_bare_to_compacted", 2),
    ("index %", "compacted_index_percent", 1),
    ("took s", "compact_seconds", 1),
]
LOAD = [
    ("what", "what", None),
    ("samples", "samples", 0),
    ("ms p50", "p50_ms", 1),
    ("ms p99", "p99_ms", 1),
    ("read MB/s", "read_mb_per_s", 1),
]


class Writes:
    def __init__(self, bench, parts):
        self.bench, self.sizes, self.wanted = bench, "size" in parts, parts & {"ingest", "size"}
        self.ingest = self.size = None
        if "ingest" in parts:
            self.ingest = bench.table("ingest", INGEST, "raw bytes over CPU of the whole process")
        if "size" in parts:
            self.size = bench.table(
                "size", SIZE, "stored with its index; zstd: -3, 2 MiB blocks a stream, unredacted"
            )

    def corpora(self):
        """Each corpus in a server of its own."""
        most = None if self.bench.options.gb >= 4 else int(self.bench.options.gb * 250e6)
        for source in sorted(self.bench.options.corpora.glob("*.zst")):
            name = source.stem
            common.say(f"ingest: {name}" + (f", its first {most / 1e6:g} MB" if most else ""))
            folder = self.bench.folder("corpus")
            made = folder / "made"
            lines, raw = common.from_corpus(source, common.container_log(made, name), most)
            server = self.bench.server(folder, "--seal-age", "2s")
            settled = store_data.taken_in(
                server, lambda pods: store_data.move_all(made, pods), raw
            )
            self.note_ingest(name, raw, settled)
            if self.sizes:
                sizes = self.sealed_size(name, raw, settled, folder.glob("pods/*/*/*.log"))
                self.note_size(server, sizes)
            self.bench.done_with(server)

    def scaled(self):
        """Its size as far as it is known once sealed: a row for note_size(), which compacts."""
        scaled = self.bench.scaled()
        common.say("ingest: the scaled data")
        self.bench.over_scaled()
        settled = self.bench.scaled_settled
        self.note_ingest("scaled", scaled.raw, settled)
        if not self.sizes:
            return None
        common.say("size: the scaled data in plain zstd")
        return self.sealed_size("scaled", scaled.raw, settled, scaled.at.glob("*/*/*.log"))

    def many_tools(self):
        """Small batches of many tools, interleaved, pushed over HTTP."""
        bench = self.bench
        megabytes = min(300, max(16, int(75 * bench.options.gb)))
        name = f"{TOOLS} tools x {STREAMS} pushed"
        common.say(f"ingest: {name}, {megabytes} MB")
        pushes, lines, raw, zstd_bare = pushes_of(bench.scaled().plain, megabytes << 20)
        # Sealed after the pushes as a whole, as a busy server does, not after each.
        age = max(5, megabytes // 10)
        server = bench.server(bench.folder("many"), "--seal-age", f"{age}s")
        server.start().ready()
        cpu, begun = common.cpu_seconds(server.process.pid), time.monotonic()
        push_all(server, pushes)
        settled = common.settle(server, lines=lines, begun=begun, cpu=cpu)
        self.note_ingest(name, raw, settled, pushes=len(pushes), seal_age_seconds=age)
        if self.sizes:
            sizes = self.stored(settled.metrics)
            sizes |= {"data": name, "raw_mb": raw / 1e6, "bare_mb": raw / 1e6}
            sizes |= {"zstd_bare_mb": zstd_bare / 1e6}
            self.note_size(server, sizes)
        bench.done_with(server)

    def note_ingest(self, name, raw, settled, **more):
        if not self.ingest:
            return
        self.ingest.row(
            data=name,
            raw_mb=raw / 1e6,
            lines=settled.metrics["logboom_store_appended_lines_total"],
            mb_per_s=raw / 1e6 / settled.stored_seconds,
            mb_per_cpu_s_stored=raw / 1e6 / settled.stored_cpu,
            mb_per_cpu_s=raw / 1e6 / settled.sealed_cpu,
            seconds_stored=settled.stored_seconds,
            seconds_sealed=settled.sealed_seconds,
            cpu_seconds=settled.sealed_cpu,
            **more,
        )

    @staticmethod
    def stored(metrics):
        stored, index = metrics["logboom_store_block_bytes"], "logboom_store_index_bytes"
        share = 100 * metrics[index] / stored if index in metrics and stored else None
        return {"stored_mb": stored / 1e6, "index_percent": share}

    def sealed_size(self, name, raw, settled, logs):
        plain = store_data.in_plain_zstd(sorted(logs))
        return {
            "data": name,
            "raw_mb": raw / 1e6,
            "bare_mb": plain["bare"] / 1e6,
            "zstd_lines_mb": plain["zstd_lines"] / 1e6,
            "zstd_bare_mb": plain["zstd_bare"] / 1e6,
            **self.stored(settled.metrics),
        }

    def note_size(self, server, sizes):
        """Writes the row, after the nightly pass where there is one. Was there?"""
        compacted = False
        if self.bench.knows_compact:
            sizes["compact_seconds"] = self.bench.compact(server)
            compacted = sizes["compact_seconds"] is not None
            if compacted:
                after = self.stored(settled_metrics(server))
                sizes["compacted_mb"] = after["stored_mb"]
                sizes["compacted_index_percent"] = after["index_percent"]
        sizes["raw_to_stored"] = ratio(sizes["raw_mb"], sizes["stored_mb"])
        for state in ("stored", "compacted"):
            for plain in ("zstd_lines", "zstd_bare"):
                whole = ratio(sizes.get(f"{plain}_mb"), sizes.get(f"{state}_mb"))
                sizes[f"{plain}_to_{state}"] = whole
        self.size.row(**sizes)
        return compacted


def ratio(one, other):
    return one / other if one is not None and other else None


def settled_metrics(server):
    """After a start: once the server has counted its blocks."""
    client = common.Client(server)
    common.wait_for("the server to have counted its blocks", lambda: counted(client), 60)
    metrics = client.metrics()
    client.close()
    return metrics


def counted(client):
    return client.metrics()["logboom_store_block_bytes"] > 0


def pushes_of(plain, size):
    """Loki pushes of the first `size` bytes of lines, cut into as many pieces as there are streams
    and pushed some lines at a time in turn: ([(tool, body)], lines, bytes, bytes in plain zstd)."""
    with open(plain, "rb") as file:
        lines = file.read(size).decode("utf8", "replace").split("\n")[:-1]
    lines = [line for line in lines if line]
    raw = sum(len(line.encode()) + 1 for line in lines)
    each = raw / (TOOLS * STREAMS)
    streams, filled = [[]], 0
    for line in lines:
        if filled >= each * len(streams) and len(streams) < TOOLS * STREAMS:
            streams.append([])
        streams[-1].append(line)
        filled += len(line.encode()) + 1
    zstd = store_data.Zstd()
    zstd_bare = sum(zstd.size("\n".join([*stream, ""]).encode()) for stream in streams)
    rounds = max(2, int(each * STREAMS / 5000))  # about 5 kB a push
    pushes, stamp = [], time.time_ns() - 10**9
    for turn in range(rounds):
        for tool in range(TOOLS):
            body = []
            for number, lines_ in enumerate(streams[tool * STREAMS : (tool + 1) * STREAMS]):
                start, end = (len(lines_) * (turn + part) // rounds for part in (0, 1))
                values = [[str(stamp + at), line] for at, line in enumerate(lines_[start:end])]
                labels = {"job": f"job{number // 2}", "stream": ("stdout", "stderr")[number % 2]}
                if values:
                    body.append({"stream": labels, "values": values})
            if body:
                text = json.dumps({"streams": body}, ensure_ascii=False)
                pushes.append((f"tool{tool}", text.encode()))
    return pushes, len(lines), raw, zstd_bare


def push_all(server, pushes, threads=4):
    failures = []

    def push(mine):
        client = common.Client(server)
        for tool, body in mine:
            status, answer = client.post("/loki/api/v1/push", body, tool)
            if status != 204:
                failures.append((status, answer[:300]))
                break
        client.close()

    workers = [threading.Thread(target=push, args=(pushes[n::threads],)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures, failures[0]


# Reading, tailing and asking at the same time.


def all_read(metrics, raw):
    read = metrics["logboom_collector_read_bytes_total"]
    return read >= raw and not metrics["logboom_collector_unacked_bytes"]


def load(bench):
    table = bench.table("load", LOAD, "while the scaled data is read at full speed")
    scaled = bench.scaled()
    common.say("load: a tail and queries while the scaled data is read")
    server = bench.server(bench.folder("load"))
    server.start().ready()
    pods = server.directory / "pods"
    tail = common.Tail(server, pods)
    queries = {
        "query, quiet tool's last lines": ("latency", '{tool="latency"}'),
        "query, busy tool's last lines": (scaled.tools[0], f'{{tool="{scaled.tools[0]}"}}'),
        "query, busy tool, absent word": (
            scaled.tools[0],
            f'{{tool="{scaled.tools[0]}"}} |= "k7v2x9q4w1z8"',
        ),
    }
    times, failures, over = {what: [] for what in queries}, [], threading.Event()

    def ask():
        client = common.Client(server)
        try:
            while not over.is_set():
                for what, (tool, query) in queries.items():
                    times[what].append(client.query(tool, query)[1])
                    over.wait(0.02)
        except Exception as failure:  # told by the other thread
            failures.append(failure)

    asker, client = threading.Thread(target=ask, daemon=True), common.Client(server)
    begun = told = time.monotonic()
    try:
        scaled.move(pods)
        asker.start()
        while not (tail.written % 10 == 0 and all_read(client.metrics(), scaled.raw)):
            tail.write()
            time.sleep(0.02)
            assert server.running() and not failures, (failures, server.tail_of_log())
            if time.monotonic() - told > 15:
                common.say(f"    {tail.written} lines written to the quiet tool so far")
                told = time.monotonic()
        seconds = time.monotonic() - begun
        over.set()
        asker.join()
        assert not failures, failures
        delays = tail.whole()
    finally:
        over.set()
        tail.kill()
    rows = {"tail, quiet tool": delays, **times}
    for what, values in rows.items():
        half, most = (common.percentile(values, share) for share in (0.5, 0.99))
        table.row(
            what=what,
            samples=len(values),
            p50_ms=half and half * 1e3,
            p99_ms=most and most * 1e3,
            read_mb_per_s=scaled.raw / 1e6 / seconds,
        )
