"""`logs run` against real things: server, kill -9, full disks, signals, memory cgroups, cron."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from harness import BIN, Server, alive, free_port, logs, wait_for

LOGS = BIN / "logs"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path).start().ready()
    yield server
    server.kill()


def environment(directory, url, **more):
    directory = Path(directory)
    return {
        **os.environ,
        "LOGS_URL": url,
        "LOGS_SPOOL": str(directory / "spool"),
        "HOME": str(directory),
        "XDG_CONFIG_HOME": str(directory),
        "XDG_STATE_HOME": str(directory),
        **more,
    }


def run(server, *arguments, **more):
    return subprocess.run(
        [LOGS, "run", *map(str, arguments)],
        env=environment(server.directory, server.url),
        capture_output=True,
        timeout=120,
        **more,
    )


def runs(server, job, tool=None):
    reply = server.get(f"/api/v1/runs?job={job}", tool=tool)
    return json.loads(reply.body)["runs"] if reply.status == 200 else []


def ended(server, job, tool=None):
    def look():
        found = runs(server, job, tool)
        return found[0] if found and found[0]["outcome"] != "running" else None

    return wait_for(f"the run of {job}", look, 30)


def judged(server, job):
    reply = server.get(f"/api/v1/why?job={job}")
    assert reply.status == 200, reply.body
    return reply.json()


def lines(server, job, tool=None):
    return [line for _, line, _ in server.query('{job="%s"}' % job, tool=tool)]


def told(server, job, expected):
    wait_for(f"the lines of {job}", lambda: lines(server, job) == expected, 10)


def spooled(server):
    return list(server.spool.glob("*.run"))


def test_a_run_is_passed_through_kept_and_told(server):
    done = run(server, "--job", "nightly", "--", "sh", "-c", "echo out; echo oops >&2; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"oops\n")
    entry = ended(server, "nightly")
    assert entry["outcome"] == "failed" and entry["exit_code"] == 3 and entry["lines"] == 2
    assert entry["trigger"] == "command" and "exit 3" in entry["command"]
    found = server.query('{job="nightly"}')
    assert {(line, labels["stream"]) for _, line, labels in found} == {
        ("out", "stdout"),
        ("oops", "stderr"),
    }
    wait_for("the spool to be empty", lambda: not spooled(server))


def test_kill_of_the_wrapper_is_a_run_that_never_ended(server):
    process = subprocess.Popen(
        [LOGS, "run", "--job", "killed", "--", "sh", "-c", "echo ready; exec sleep 30"],
        env=environment(server.directory, server.url),
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"ready\n"
    told(server, "killed", ["ready"])  # while it runs
    assert runs(server, "killed")[0]["outcome"] == "running"
    process.kill()
    process.wait()
    assert ended(server, "killed")["outcome"] == "lost"


def test_runs_survive_kills_of_the_server(server):
    script = "for i in $(seq 200); do echo line $i; sleep 0.01; done; exit 4"
    process = subprocess.Popen(
        [LOGS, "run", "--job", "long", "--", "sh", "-c", script],
        env=environment(server.directory, server.url),
        stdout=subprocess.DEVNULL,
    )
    for _ in range(3):
        time.sleep(0.4)
        server.kill()
        server.start().ready()
    assert process.wait(60) == 4
    assert ended(server, "long")["exit_code"] == 4
    told(server, "long", [f"line {i}" for i in range(1, 201)])


def test_what_ran_while_the_server_was_away_arrives_when_it_is_back(tmp_path, no_senders):
    server = Server(tmp_path)
    no_senders(server)
    done = run(server, "--job", "offline", "--", "sh", "-c", "echo alone; exit 9")
    assert (done.returncode, done.stdout, done.stderr) == (9, b"alone\n", b"")
    assert len(spooled(server)) == 1
    server.start().ready()
    try:
        assert ended(server, "offline")["exit_code"] == 9
        told(server, "offline", ["alone"])
    finally:
        server.kill()


def test_a_detached_sender_ships_where_no_collector_is(tmp_path):
    server = Server(tmp_path, "--no-collect")
    done = run(server, "--job", "sent", "--", "sh", "-c", "echo hello; exit 6")
    assert done.returncode == 6
    server.start().ready()  # the sender has been trying since
    try:
        assert ended(server, "sent")["exit_code"] == 6
        told(server, "sent", ["hello"])
        wait_for("the spool to be empty", lambda: not spooled(server))
        wait_for("the sender to end", lambda: not senders(server), 30)
    finally:
        server.kill()


def senders(server):
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"__ship-spool" in words and str(server.spool).encode() in words:
            found.append(int(entry.name))
    return found


@pytest.fixture
def no_senders():
    """Ends what a test without a server leaves trying."""
    servers = []
    yield servers.append
    for server in servers:
        for pid in senders(server):
            os.kill(pid, signal.SIGKILL)


def test_the_job_does_not_wait_for_a_collector_that_hangs(server, no_senders):
    no_senders(server)
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        done = run(server, "--job", "stopped", "--", "sh", "-c", "echo fine; exit 2")
        assert (done.returncode, done.stdout, done.stderr) == (2, b"fine\n", b"")
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert ended(server, "stopped")["exit_code"] == 2
    told(server, "stopped", ["fine"])


def test_the_job_does_not_wait_for_a_server_that_never_answers(tmp_path, no_senders):
    server = Server(tmp_path)
    no_senders(server)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", server.port))
        deaf.listen()
        done = run(server, "--job", "deaf", "--", "sh", "-c", "echo fine; exit 2")
        assert (done.returncode, done.stdout, done.stderr) == (2, b"fine\n", b"")
        assert len(spooled(server)) == 1


@root_only
def test_a_full_disk_costs_lines_and_never_the_job(tmp_path, no_senders):
    server = Server(tmp_path)
    no_senders(server)
    server.spool.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", server.spool], check=True)
    try:
        script = "head -c 4000000 /dev/zero | tr '\\0' x; echo; echo last; exit 5"
        done = run(server, "--job", "full", "--", "sh", "-c", script)
        assert done.returncode == 5 and len(done.stdout) == 4_000_006 and done.stderr == b""
        server.start().ready()
        entry = ended(server, "full")
        assert entry["exit_code"] == 5 and entry["lost_bytes"] > 2_000_000
        assert any("missing" in line for line in lines(server, "full"))
    finally:
        server.kill()
        subprocess.run(["umount", "-l", server.spool], check=True)


def test_a_daemon_left_behind_is_not_harmed(server, tmp_path):
    os.mkfifo(tmp_path / "go")
    script = f"(read go; echo late; echo survived > {tmp_path}/proof) < {tmp_path}/go & echo early"
    process = subprocess.Popen(
        [LOGS, "run", "--job", "daemon", "--", "sh", "-c", script],
        env=environment(server.directory, server.url),
        stdout=subprocess.PIPE,
    )
    assert process.wait(30) == 0
    assert ended(server, "daemon")["outcome"] == "succeeded"
    (tmp_path / "go").write_text("go\n")
    assert process.stdout.read() == b"early\nlate\n"
    wait_for("the daemon", (tmp_path / "proof").exists)


def test_signals_timeouts_and_what_cannot_run(server):
    done = run(server, "--job", "slow", "--timeout", "0.3", "--", "sleep", "60")
    assert done.returncode == 124
    assert ended(server, "slow")["timed_out"] in (True, 1)
    done = run(server, "--job", "crash", "--", "sh", "-c", "kill -SEGV $$")
    assert done.returncode == -signal.SIGSEGV
    assert ended(server, "crash")["signal"] == signal.SIGSEGV
    done = run(server, "--job", "typo", "--", "no-such-command")
    assert done.returncode == 127 and b"command not found" in done.stderr
    ended(server, "typo")
    assert judged(server, "typo")["class"] == "script/command_not_found"
    script = server.directory / "old.sh"
    script.write_text("#!/usr/bin/python9\n")
    script.chmod(0o755)
    assert run(server, "--job", "old", "--", script).returncode == 127
    ended(server, "old")
    verdict = judged(server, "old")
    assert verdict["class"] == "platform/exec_not_found"
    assert verdict["slots"]["interpreter"] == "/usr/bin/python9"


def memory_cgroup():
    base = Path("/sys/fs/cgroup/memory")
    return base if (base / "memory.limit_in_bytes").exists() else None


@root_only
@pytest.mark.skipif(memory_cgroup() is None, reason="needs cgroup v1's memory controller")
def test_an_out_of_memory_kill_is_counted(server):
    own = memory_cgroup() / f"logboom-test-{os.getpid()}"
    own.mkdir()
    try:
        (own / "memory.limit_in_bytes").write_text(str(48 << 20))
        script = "b = []\nwhile True: b.append(bytearray(1 << 20))"
        done = run(
            server,
            "--job",
            "greedy",
            "--",
            "python3",
            "-c",
            script,
            preexec_fn=lambda: (own / "cgroup.procs").write_text(str(os.getpid())),
        )
        assert done.returncode == -signal.SIGKILL
        entry = ended(server, "greedy")
        assert entry["oom_kills"] >= 1 and entry["signal"] == signal.SIGKILL
        assert entry["memory_limit_bytes"] == 48 << 20
    finally:
        wait_for("the cgroup to be empty", lambda: not (own / "cgroup.procs").read_text().split())
        own.rmdir()


def test_many_short_commands_all_arrive(server):
    script = f"for i in $(seq 300); do {LOGS} run --job short -- sh -c \"echo $i\"; done"
    done = subprocess.run(
        ["sh", "-c", script],
        env=environment(server.directory, server.url),
        capture_output=True,
        timeout=120,
    )
    assert done.stdout.split() == [str(i).encode() for i in range(1, 301)]
    wait_for("the spool to be empty", lambda: not spooled(server))
    assert sorted(map(int, lines(server, "short"))) == list(range(1, 301))
    # On a busy machine a collector may answer too late for a wrapper: its sender ends by itself.
    wait_for("no sender", lambda: not senders(server), 30)


@root_only
@pytest.mark.skipif(shutil.which("cron") is None, reason="needs Debian's cron")
def test_an_unchanged_crontab_under_real_cron(server, tmp_path):
    table = Path("/var/spool/cron/crontabs/root")
    before = table.read_bytes() if table.exists() else None
    shell = BIN / "logs-sh"
    table.write_text(
        f"SHELL={shell}\nLOGS_SPOOL={server.spool}\nLOGS_URL={server.url}\nMAILTO=''\n"
        "* * * * * echo from cron; exit 3\n"
        "* * * * * echo 'a\\%b' #job: percent\n"
        f"* * * * * cat > {tmp_path}/input%first%second\n"
        f"* * * * * cd {tmp_path} && echo $SHELL > shell; no-such-program #job: missing\n"
    )
    table.chmod(0o600)
    cron = subprocess.Popen(["cron", "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("cron's minute", (tmp_path / "shell").exists, 70)
        wait_for("standard input", lambda: (tmp_path / "input").exists())
        assert ended(server, "echo")["exit_code"] == 3
        assert ended(server, "echo")["trigger"] == "cron"
        told(server, "echo", ["from cron"])
        assert ended(server, "percent")["outcome"] == "succeeded"
        told(server, "percent", ["a%b"])
        assert (tmp_path / "input").read_text() == "first\nsecond\n"
        assert (tmp_path / "shell").read_text() == "/bin/sh\n"
        failed = ended(server, "missing")
        assert failed["exit_code"] == 127
    finally:
        cron.terminate()
        cron.wait()
        table.write_bytes(before) if before is not None else table.unlink()


@root_only
def test_on_a_shared_machine_a_run_belongs_to_its_user(tmp_path):
    nobody = 65534
    with tempfile.TemporaryDirectory(prefix="logboom-shared-") as directory:
        open_to_all = Path(directory)
        open_to_all.chmod(0o755)
        programs = open_to_all / "bin"
        programs.mkdir()
        for name in ("logs", "logs-cli"):
            shutil.copy(BIN / name, programs / name)
        server = Server(tmp_path, "--spool", open_to_all / "spool").start().ready()
        try:
            done = subprocess.run(
                [programs / "logs", "run", "--tool", "another", "--job", "x"]
                + ["--", "sh", "-c", "echo $LOGS_TOOL"],
                env={"PATH": os.environ["PATH"], "LOGS_SPOOL": str(open_to_all / "spool")},
                capture_output=True,
                timeout=60,
                user=nobody,
                group=nobody,
                extra_groups=[],
                cwd="/",
            )
            assert (done.returncode, done.stdout) == (0, b"nobody\n")
            assert ended(server, "x", tool="nobody")["outcome"] == "succeeded"
            assert runs(server, "x", tool="another") == []
            # A file of another's, or a link to one, is not taken for a run.
            secret = tmp_path / "secret"
            secret.write_text("root's own\n")
            link = open_to_all / "spool" / "0123456789ab.run"
            os.symlink(secret, link)
            os.chown(link, nobody, nobody, follow_symlinks=False)
            run_again = ["--job", "y", "--spool", open_to_all / "spool", "--", "true"]
            subprocess.run([LOGS, "run", *run_again], check=True, timeout=60)
            ended(server, "y")
            assert secret.exists() and runs(server, "0123456789ab") == []
        finally:
            server.kill()
