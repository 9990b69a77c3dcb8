"""Parts of tests/bench/store about the rest: idle (a month of many tools), everyday (grep)."""
import json
import os
import resource
import shutil
import subprocess
import time
import urllib.error

import common
import store_data
import store_read
import store_write
from store_data import DAYS, STREAMS, TOOLS

IDLE = [
    ("blocks are", "state", None),
    ("lines", "lines", 0),
    ("stored MB", "stored_mb", 1),
    ("open s", "open_s", 2),
    ("cold s", "open_cold_s", 2),
    ("RSS MB", "rss_mb", 0),
    ("of it anon", "anonymous_mb", 0),
    ("count ms", "count_ms", 2),
]
EVERYDAY = [
    ("what", "what", None),
    ("MB", "mb", 0),
    ("s", "seconds", 2),
    ("cpu-s", "cpu_seconds", 2),
    ("GB/s", "gb_per_s", 2),
    ("GB/s per core", "gb_per_cpu_s", 2),
    ("raw/size", "raw_to_size", 1),
    ("answer", "answer", None),
]
LNAV_MOST = 100 << 20
LATE_SECONDS = 300


def idle(bench):
    table = bench.table("idle", IDLE, f"{TOOLS} tools x {STREAMS} streams x {DAYS} days")
    folder = bench.folder("idle")
    seals = 1 if bench.small else 8
    program = store_data.maker()
    common.say(f"idle: making {DAYS} days, sealed {seals} times a day; takes minutes")
    shape = [str(number) for number in (TOOLS, STREAMS, DAYS, seals, 1)]
    (folder / "data").mkdir()
    target = folder / "data" / "store"  # where a server looks below its --data
    done = subprocess.run([program, target, *shape], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    server = bench.server(folder)
    note_idle(bench, table, server, "as sealed", made)
    if bench.knows_compact:
        common.say("idle: the nightly pass")
        if bench.compact(server) is not None:
            note_idle(bench, table, server, "compacted", made)


def note_idle(bench, table, server, state, made):
    common.say(f"idle: opening, {state}")
    server.terminate(120)
    cold = None
    if store_data.drop_caches():
        cold = opened(server)
        server.terminate(120)
    warm = opened(server)
    rss, anonymous = at_rest(server.process.pid)
    client = common.Client(server)
    count = store_read.count_of(client, "tool7")["p50_ms"]
    client.close()
    stored = store_write.settled_metrics(server)["logboom_store_block_bytes"]
    table.row(
        state=state,
        lines=made["lines"],
        raw_mb=made["raw_bytes"] / 1e6,
        stored_mb=stored / 1e6,
        open_s=warm,
        open_cold_s=cold,
        rss_mb=rss,
        anonymous_mb=anonymous,
        count_ms=count,
    )


def opened(server, limit=600):
    """Seconds from the start to the first good /ready."""
    begun = time.monotonic()
    server.start()
    while time.monotonic() - begun < limit:
        assert server.running(), f"the server ended:\n{server.tail_of_log()}"
        try:
            if server.get("/ready").status == 200:
                return time.monotonic() - begun
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.005)
    raise AssertionError(f"not ready within {limit} s:\n{server.tail_of_log()}")


def at_rest(pid, limit=60):
    """Resident and anonymous MB once they have stood still for four seconds."""
    begun = still_since = time.monotonic()
    before = common.resident_mb(pid)
    while time.monotonic() - begun < limit and time.monotonic() - still_since < 4:
        time.sleep(0.5)
        now = common.resident_mb(pid)
        if abs(now - before) > 1:
            before, still_since = now, time.monotonic()
    return common.resident_mb(pid), common.resident_mb(pid, "RssAnon")


def everyday(bench):
    """What people use without an appliance, on the same lines."""
    table = bench.table("everyday", EVERYDAY, "the same lines in one plain file, read before")
    scaled = bench.scaled()
    plain, word = scaled.plain, scaled.needles[len(scaled.needles) // 2][1]
    packed, piece = bench.directory / "plain.zst", bench.directory / "piece"
    size = scaled.plain_bytes
    home = bench.directory  # lnav keeps files there
    shell(f"cat '{plain}' > {os.devnull}", home)

    def note(what, command, package, megabytes=size / 1e6, answer=str.strip, **more):
        program = command.split()[0]
        if not shutil.which(program):
            table.row(what=what, answer=f"not installed: apt-get install {package}")
            return
        common.say(f"everyday: {what}")
        out, seconds, cpu, late = shell(command, home)
        if late:
            table.row(what=what, mb=megabytes, answer=f"not done within {LATE_SECONDS} s")
            return
        stored = packed.stat().st_size if more.pop("is_size", False) else None
        table.row(
            what=what,
            command=command,
            mb=megabytes,
            seconds=seconds,
            cpu_seconds=cpu,
            gb_per_s=megabytes / 1e3 / seconds,
            gb_per_cpu_s=megabytes / 1e3 / cpu if cpu else None,
            raw_to_size=size / stored if stored else None,
            answer=answer(out),
            **more,
        )

    def lines(out):
        return f"{len(out.splitlines())} lines"

    note("zstd -3", f"zstd -3 -q -f '{plain}' -o '{packed}'", "zstd", answer=str, is_size=True)
    note("zstdcat | grep -F", f"zstdcat '{packed}' | grep -F {word}", "zstd", answer=lines)
    note("grep -c -F", f"grep -c -F {word} '{plain}'", "grep")
    note("rg -c -F", f"rg -c -F {word} '{plain}'", "ripgrep")
    least = min(size, LNAV_MOST)
    shell(f"head -c {least} '{plain}' > '{piece}'", home)
    note(
        "lnav, :filter-in" + (", a piece" if least < size else ""),
        f"lnav -n -c ':filter-in {word}' '{piece}'",
        "lnav",
        megabytes=least / 1e6,
        answer=lines,
    )
    for path in (packed, piece):
        path.unlink(missing_ok=True)


def shell(command, home):
    """(output, seconds, CPU-seconds, was it ended for being late) of a command."""
    spent = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])  # noqa: E731
    environment = {**os.environ, "LC_ALL": "C", "TERM": "dumb", "HOME": str(home)}
    cpu, begun = spent(), time.monotonic()
    done = subprocess.run(
        ["timeout", str(LATE_SECONDS), "sh", "-c", command],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=environment,
    )
    seconds, late = time.monotonic() - begun, done.returncode == 124
    return done.stdout.decode("utf8", "replace"), seconds, spent() - cpu, late
