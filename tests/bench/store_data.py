"""What tests/bench/store measures on: scaled logs with needles, the same lines in plain zstd, and
the servers and folders that it makes and takes away again."""
import ctypes
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import common
from harness import BIN, ROOT, Server

TOOLS, STREAMS, DAYS = 3200, 10, 30  # the first home: see part 6
BLOCK = 2 << 20


class Bench:
    """One run: its options, its folder, its tables and the server over the scaled data."""

    def __init__(self, options, directory, json_out):
        self.options, self.directory, self.json_out = options, directory, json_out
        self.small = options.gb < 1
        self.tables, self.servers = [], []
        self.scaled_server, self.scaled_settled, self._scaled = None, None, None
        self.knows_compact = "unknown command" not in subprocess.run(
            [BIN / "logboom", "store", "--help"], capture_output=True, text=True
        ).stderr
        if not self.knows_compact:
            common.say("this logboom has no `store compact`: its figures are -")

    def table(self, part, columns, note=""):
        self.tables.append(common.Table(part, columns, self.json_out, note))
        return self.tables[-1]

    def folder(self, name):
        path = self.directory / name
        path.mkdir()
        return path

    def server(self, folder, *arguments):
        """A server of that folder, not yet started; it reads the folder's `pods`."""
        pods = folder / "pods"
        pods.mkdir(exist_ok=True)
        server = Server(folder, "--pod-logs", pods, *arguments)
        self.servers.append(server)
        return server

    def done_with(self, server):
        """Ends the server and removes its folder."""
        server.terminate(120)
        self.servers.remove(server)
        shutil.rmtree(server.directory, ignore_errors=True)

    def clear(self):
        """Ends whatever still runs, and keeps of the folders what the scaled data is in."""
        for server in list(self.servers):
            if self._scaled:
                self._scaled.away(server.directory, self.directory)
            if server.running():
                server.kill()
            self.done_with(server)
        self.scaled_server = None

    def compact(self, server):
        """The nightly pass over a running server's store; it runs again afterwards. Seconds it
        took, none if it failed."""
        server.terminate(120)
        begun = time.monotonic()
        done = subprocess.run(
            [BIN / "logboom", "store", "compact", "--data", server.directory / "data"],
            capture_output=True,
            text=True,
        )
        seconds = time.monotonic() - begun
        server.start().ready(600)
        if done.returncode == 0:
            return seconds
        common.say(f"`logboom store compact` ended with {done.returncode}: {done.stderr[-500:]}")
        return None

    def scaled(self):
        if self._scaled is None:
            self._scaled = Scaled(self.options, self.directory)
        return self._scaled

    def over_scaled(self):
        """The server that has taken in the scaled data and sealed all of it."""
        if self.scaled_server is None:
            scaled = self.scaled()
            folder = self.folder("scaled")
            self.scaled_server = self.server(folder, "--seal-age", "2s")
            self.scaled_settled = taken_in(self.scaled_server, scaled.move, scaled.raw)
        return self.scaled_server


def taken_in(server, move, raw):
    """Starts the server, moves the logs below its eyes and waits until they are sealed."""
    server.start().ready()
    cpu, begun = common.cpu_seconds(server.process.pid), time.monotonic()
    move(server.directory / "pods")
    return common.settle(server, raw=raw, begun=begun, cpu=cpu)


def move_all(source, target):
    for path in sorted(source.iterdir()):
        path.rename(target / path.name)


class Scaled:
    """Gigabytes of container logs of many tools with needles in them."""

    def __init__(self, options, directory):
        self.at, self.plain = directory / "made", directory / "plain"
        common.say(f"making {options.gb:g} GB of container logs")
        done = subprocess.run(
            [
                *(sys.executable, options.scale, "--corpora", options.corpora, "--quiet"),
                *("--out", self.at, "--gb", str(options.gb), "--seed", "7", "--needles", "50"),
                *("--plain", self.plain),
            ],
        )
        if done.returncode:
            sys.exit(f"{options.scale} failed with {done.returncode}; see its message above")
        truth = Path(f"{self.at}.truth")
        totals = json.loads((truth / "totals.json").read_text())
        self.raw, self.lines = totals["bytes"], totals["logical_lines"]
        self.plain_bytes = totals["plain_bytes"]
        self.needles = []
        for line in (truth / "needles.jsonl").read_text().splitlines():
            needle = json.loads(line)
            self.needles.append((needle["namespace"].removeprefix("tool-"), needle["token"]))
        # Bytes of a tool's lines alone: 41 of each CRI line are its time, stream, tag and end.
        self.bare = {}
        for file in totals["files"]:
            tool = file["namespace"].removeprefix("tool-")
            bare = file["bytes"] - 41 * file["physical_lines"] + file["logical_lines"]
            self.bare[tool] = self.bare.get(tool, 0) + bare
        self.tools = sorted(self.bare, key=self.bare.get, reverse=True)  # the largest first

    def move(self, pods):
        move_all(self.at, pods)
        self.at = pods

    def away(self, folder, directory):
        """Out of a server's folder, which is about to be removed."""
        if self.at.is_relative_to(folder):
            self.move(directory / "made")


# The same lines in plain zstd.


class Zstd:
    def __init__(self):
        try:
            self.library = ctypes.CDLL("libzstd.so.1")
        except OSError:
            sys.exit("libzstd.so.1 is missing: apt-get install libzstd1")
        library = self.library
        library.ZSTD_createCCtx.restype = ctypes.c_void_p
        library.ZSTD_compressCCtx.restype = library.ZSTD_compressBound.restype = ctypes.c_size_t
        library.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
        library.ZSTD_compressCCtx.argtypes = [
            *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t),
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int),
        ]
        self.context = ctypes.c_void_p(library.ZSTD_createCCtx())
        self.out = ctypes.create_string_buffer(library.ZSTD_compressBound(2 * BLOCK))

    def size(self, data):
        """Of `zstd -3`, in bytes."""
        if len(data) > 2 * BLOCK:  # a line longer than a block
            return self.size(data[:BLOCK]) + self.size(data[BLOCK:])
        size = self.library.ZSTD_compressCCtx(
            self.context, self.out, len(self.out), data, len(data), 3
        )
        assert not self.library.ZSTD_isError(ctypes.c_size_t(size)), "zstd failed"
        return size


class Blocks:
    """Lines of one stream in blocks of 2 MiB."""

    def __init__(self, zstd):
        self.zstd, self.parts, self.bytes = zstd, [], 0
        self.raw = self.stored = 0

    def add(self, line):
        self.parts.append(line)
        self.bytes += len(line)
        if self.bytes >= BLOCK:
            self.close()

    def close(self):
        if self.parts:
            self.raw += self.bytes
            self.stored += self.zstd.size(b"".join(self.parts))
            self.parts, self.bytes = [], 0


def record_of(line):
    """Of a container's record: its stream and its message, or a piece of one without an end."""
    if line[:1] == b"{":
        try:
            record = json.loads(line)
            return record["stream"], record["log"].encode("utf8", "replace")
        except (ValueError, KeyError):
            return "stdout", line
    parts = line.split(b" ", 3)
    if len(parts) < 4:
        return parts[1] if len(parts) > 1 else b"", b"\n"
    return parts[1], parts[3][:-1] if parts[2] == b"P" else parts[3]


def in_plain_zstd(logs):
    """Of container logs: bytes of the bare messages, and bytes of the lines as they stand in the
    files and of the bare messages in 2 MiB blocks of `zstd -3` for each stream."""
    zstd, bare, stored, stored_bare = Zstd(), 0, 0, 0
    for log in logs:
        streams = {}
        with open(log, "rb") as lines:
            for line in lines:
                stream, message = record_of(line)
                blocks = streams.get(stream)
                if blocks is None:
                    blocks = streams[stream] = (Blocks(zstd), Blocks(zstd))
                blocks[0].add(line)
                blocks[1].add(message)
        for whole, messages in streams.values():
            whole.close()
            messages.close()
            bare += messages.raw
            stored += whole.stored
            stored_bare += messages.stored
    return {"bare": bare, "zstd_lines": stored, "zstd_bare": stored_bare}


# Odds and ends.


def drop_caches():
    """False where that is not permitted."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
        return True
    except OSError:
        return False


def maker():
    """The program that makes the store of a month, built if it is older than the server."""
    path, program = BIN / "store_maker", BIN / "logboom"
    if not path.exists() or path.stat().st_mtime < program.stat().st_mtime:
        common.say("building store_maker")
        done = subprocess.run(
            ["nice", ROOT / "deploy" / "build", "store_maker"], capture_output=True, text=True
        )
        if done.returncode or not path.exists():
            sys.exit(f"store_maker cannot be built into {BIN}:\n{done.stdout}{done.stderr}")
    return path
