"""Starts the real programs, talks to them, ends only what it started."""
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("LOGBOOM_BIN", ROOT / "build" / "bin"))


def wait_for(what, condition, seconds=60):
    """Polls until condition() is true and returns its value; fails naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}; last: {value!r}")
        time.sleep(0.05)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cri(text, stream="stdout", tag="F", time_ns=None):
    time_ns = time_ns if time_ns is not None else time.time_ns()
    at = datetime.fromtimestamp(time_ns // 10**9, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{at}.{time_ns % 10**9:09d}Z {stream} {tag} {text}\n"


class Process:
    """A program of ours with its log in a file; start, kill -9, terminate, start again."""

    def __init__(self, name, arguments, directory, environment=None):
        self.name, self.arguments = name, [str(a) for a in arguments]
        self.log = Path(directory) / f"{name}.log"
        self.environment = {**os.environ, **(environment or {})}
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
            )
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def terminate(self, seconds=30):
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.name} did not stop within {seconds} s; see {self.log}")
        return self.process.returncode if self.process else None

    def tail_of_log(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Server(Process):
    def __init__(self, directory, *arguments, name="server"):
        self.directory = Path(directory)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.spool = self.directory / "spool"
        # Not the machine's own runs and crontabs, unless a test says so.
        for flag, value in (("--spool", self.spool), ("--crontabs", self.directory / "cron")):
            if flag not in arguments:
                arguments = (*arguments, flag, value)
        super().__init__(
            name,
            [
                BIN / "logboom",
                "serve",
                "--data",
                self.directory / "data",
                "--listen",
                f"127.0.0.1:{self.port}",
                *arguments,
            ],
            directory,
        )

    def ready(self, seconds=60):
        def answers():
            if not self.running():
                raise AssertionError(f"{self.name} ended:\n{self.tail_of_log()}")
            try:
                return self.get("/ready").status == 200
            except OSError:
                return False

        wait_for(f"{self.name} to be ready", answers, seconds)
        return self

    def get(self, target, tool=None, headers=None):
        request = urllib.request.Request(self.url + target, headers=headers or {})
        if tool:
            request.add_header("X-Scope-OrgID", tool)
        return answer(request)

    def post(self, target, body, content_type="application/json", tool=None, headers=None):
        request = urllib.request.Request(
            self.url + target,
            data=body,
            method="POST",
            headers={"Content-Type": content_type, **(headers or {})},
        )
        if tool:
            request.add_header("X-Scope-OrgID", tool)
        return answer(request)

    def push(self, labels, lines, tool=None):
        """Lines are texts (now) or (time_ns, text) pairs."""
        values = [
            [str(time.time_ns() + i), line] if isinstance(line, str) else [str(line[0]), line[1]]
            for i, line in enumerate(lines)
        ]
        body = json.dumps({"streams": [{"stream": labels, "values": values}]}).encode()
        reply = self.post("/loki/api/v1/push", body, tool=tool)
        assert reply.status == 204, (reply.status, reply.body)

    def query(self, query, tool=None, **parameters):
        """All (time_ns, line, labels) of a range query, in the order of the answer."""
        parameters = {
            "query": query,
            "limit": 5000,
            "since": "1h",
            "direction": "forward",
            **parameters,
        }
        reply = self.get(
            "/loki/api/v1/query_range?" + urllib.parse.urlencode(parameters), tool=tool
        )
        assert reply.status == 200, (reply.status, reply.body)
        found = [
            (int(value[0]), value[1], stream["stream"])
            for stream in json.loads(reply.body)["data"]["result"]
            for value in stream["values"]
        ]
        return sorted(found, key=lambda line: line[0])

    def metric(self, name):
        """The sum over the series of a metric."""
        text = self.get("/metrics").body.decode()
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if line.startswith((name + " ", name + "{"))
        )


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def answer(request, timeout=60):
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return Answer(reply.status, reply.headers, reply.read())
    except urllib.error.HTTPError as refusal:
        return Answer(refusal.code, refusal.headers, refusal.read())


def logs(server, *arguments, input=None, check=True, tool=None, environment=None, timeout=120):
    """Runs the program `logs` against a server and returns the finished process."""
    environment = {
        **os.environ,
        "LOGS_URL": server.url,
        "LOGS_SPOOL": str(server.spool),
        "NO_COLOR": "1",
        "HOME": str(server.directory),
        "XDG_CONFIG_HOME": str(server.directory),
        "XDG_STATE_HOME": str(server.directory),
        **({"LOGS_TOOL": tool} if tool else {}),
        **(environment or {}),
    }
    done = subprocess.run(
        [BIN / "logs", *map(str, arguments)],
        input=input,
        env=environment,
        capture_output=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL if input is None else None,
    )
    if check:
        assert done.returncode == 0, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done


class Kafka:
    """A real broker through deploy/kafka, with its data in the given folder."""

    def __init__(self, directory):
        self.directory = Path(directory) / "kafka"
        self.port = free_port()
        self.brokers = f"127.0.0.1:{self.port}"

    def start(self):
        done = subprocess.run(
            [ROOT / "deploy" / "kafka", "start", self.directory, "--port", str(self.port)],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return self

    def kill(self):
        pid = int((self.directory / "pid").read_text())
        os.kill(pid, signal.SIGKILL)
        wait_for("the broker to be gone", lambda: not alive(pid))

    def stop(self):
        subprocess.run(
            [ROOT / "deploy" / "kafka", "stop", self.directory], capture_output=True, timeout=120
        )


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
