"""The operator's eye on the store: `logboom store` beside a running server and without one."""
import json
import os
import subprocess

from harness import BIN, Server, wait_for


def store(*arguments, check=True):
    done = subprocess.run(
        [BIN / "logboom", "store", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    if check:
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done


def result(*arguments):
    """The result of `--json`, and every progress line before it is one."""
    lines = [json.loads(line) for line in store(*arguments, "--json").stdout.splitlines()]
    assert all(set(line) == {"done", "total", "unit", "what"} for line in lines[:-1]), lines
    return lines[-1]["result"]


def served(tmp_path, started, *arguments):
    (tmp_path / "pods").mkdir(exist_ok=True)
    server = Server(tmp_path, "--pod-logs", tmp_path / "pods", *arguments)
    started.append(server)
    return server.start().ready()


def test_backup_kill_restore(tmp_path, started):
    backups, data = tmp_path / "backups", tmp_path / "data"
    server = served(tmp_path, started, "--backup-dir", backups, "--backup-keep", "2")
    for i in range(50):
        server.push({"app": "web"}, [f"line {i}"], tool="wiki")
    before = server.query('{app="web"}', tool="wiki")
    assert len(before) == 50

    # The server has the directory open: it is asked.
    assert result("stats", "--data", data)["lines"] == 50
    made = result("backup", "--data", data)
    assert os.path.dirname(made["directory"]) == str(backups)
    refused = store("backup", tmp_path / "elsewhere", "--data", data, check=False)
    assert refused.returncode == 1 and "--backup-dir" in refused.stderr
    assert not (tmp_path / "elsewhere").exists()
    assert result("compact", "--url", server.url)["families"] > 0
    assert result("verify", "--data", data)["bad"] == 0
    server.push({"app": "web"}, ["after the backup"], tool="wiki")
    server.kill()

    # Nobody has it open: it is opened here.
    assert result("verify", "--data", data)["bad"] == 0
    assert result("stats", "--data", data)["lines"] == 51
    assert "wiki" in store("stats", "--data", data).stdout
    data.rename(tmp_path / "lost")
    assert "no store" in store("stats", "--data", data, check=False).stderr
    assert not data.exists()
    restored = result("restore", made["directory"], "--data", data)
    assert restored["lines"] == 50 and restored["tools"] == 1
    again = store("restore", made["directory"], "--data", data, check=False)
    assert again.returncode == 1 and "not empty" in again.stderr

    server.start().ready()
    assert server.query('{app="web"}', tool="wiki") == before
    server.push({"app": "web"}, ["goes on"], tool="wiki")
    assert [line for _, line, _ in server.query('{app="web"}', tool="wiki")][-1] == "goes on"


def test_a_rotten_byte_is_named_and_a_rotten_backup_refused(tmp_path, started):
    data, backups = tmp_path / "data", tmp_path / "backups"
    server = served(tmp_path, started, "--seal-bytes", "1KiB")
    server.push({"app": "web"}, [os.urandom(32).hex() for i in range(1000)], tool="wiki")
    wait_for("a block", lambda: server.metric("logboom_store_sealed_blocks_total") == 1)
    unset = store("backup", "--data", data, check=False)
    assert unset.returncode == 1 and "--backup-dir" in unset.stderr
    assert server.terminate() == 0
    result("compact", "--data", data)
    first, second = (result("backup", backups / name, "--data", data) for name in "ab")
    assert first["files"] > 3
    table = max((data / "store").glob("*.sst"), key=lambda path: path.stat().st_size)

    def flip(path):
        content = bytearray(path.read_bytes())
        content[len(content) // 4] ^= 1
        path.unlink()  # not through a link into the backups
        path.write_bytes(content)

    flip(table)
    found = store("verify", "--data", data, check=False)
    assert found.returncode == 1, found.stdout
    assert "bad: blocks" in found.stdout and "wiki" in found.stdout, found.stdout

    rotten = max(backups.glob("a/*/store/*.sst"), key=lambda path: path.stat().st_size)
    flip(rotten)
    target = tmp_path / "restored"
    refused = store("restore", first["directory"], "--data", target, check=False)
    assert refused.returncode == 1 and rotten.name in refused.stderr
    assert not (target / "store").exists()
    assert result("restore", second["directory"], "--data", target)["lines"] == 1000
    assert result("verify", "--data", target)["bad"] == 0


def test_the_server_makes_backups_by_itself(tmp_path, started):
    backups = tmp_path / "backups"
    server = served(tmp_path, started, "--backup-dir", backups, "--backup-every", "1d")
    wait_for("a backup", lambda: list(backups.glob("backup-*Z/backup.json")))
    wait_for("its count", lambda: server.metric("logboom_backups_total") == 1)
    assert server.terminate() == 0


def test_who_may_look_after_the_store(server):
    for headers in ({"Origin": "http://evil.example"}, {"X-Forwarded-For": "10.0.0.1"}):
        assert server.get("/api/v1/store/stats", headers=headers).status == 403
        assert server.post("/api/v1/store/compact", b"", headers=headers).status == 403
    assert server.get("/api/v1/store/stats", headers={"Host": "evil.example"}).status == 403
    assert server.get("/api/v1/store/stats").json()["format"] >= 1
