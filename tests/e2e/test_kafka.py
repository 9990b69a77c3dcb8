"""Through a real broker: collector → Kafka → store; a push is acknowledged once Kafka has it."""
import json

from harness import BIN, Kafka, Process, Server, cri, logs, wait_for


def test_lines_travel_through_kafka(tmp_path, started):
    kafka = Kafka(tmp_path)
    started.append(kafka)
    kafka.start()
    pods = tmp_path / "pods"
    log = pods / "tool-demo_web-x2x4z_u" / "main" / "0.log"
    log.parent.mkdir(parents=True)
    server = Server(tmp_path, "--no-collect", "--kafka", kafka.brokers, "--partitions", "3")
    collector = Process(
        "collector",
        [
            BIN / "logboom",
            "collect",
            "--state",
            tmp_path / "state",
            "--pod-logs",
            pods,
            "--kafka",
            kafka.brokers,
        ],
        tmp_path,
    )
    started += [server, collector]
    server.start().ready()
    collector.start()
    with open(log, "a") as out:
        for i in range(1000):
            out.write(cri(f"line {i} for carol@example.org"))
    wait_for("the lines", lambda: len(server.query('{job="web"}', tool="demo")) == 1000)
    assert server.query('{job="web"}', tool="demo")[0][1] == "line 0 for <email>"

    # A push is in Kafka before it is acknowledged: the store may be killed at once.
    server.push({"app": "pushed"}, ["through the topic"], tool="demo")
    server.kill()
    server.start().ready()
    wait_for("the push", lambda: server.query('{app="pushed"}', tool="demo"))

    # The broker is away, even when the server starts: reading goes on, and what is written
    # meanwhile comes later.
    kafka.kill()
    server.kill()
    server.start().ready()
    assert len(server.query('{job="web"}', tool="demo")) == 1000
    with open(log, "a") as out:
        out.write(cri("written while the broker was away"))
    kafka.start()
    wait_for("the late line", lambda: server.query('{job="web"} |= "away"', tool="demo"), 90)
    assert len(server.query('{job="web"}', tool="demo")) == 1001

    # A new store reads everything again from the topic: a replica is made by pointing it at Kafka.
    second = Server(tmp_path / "second", "--no-collect", "--kafka", kafka.brokers, name="second")
    second.directory.mkdir()
    started.append(second)
    second.start().ready()
    wait_for("the replica", lambda: len(second.query('{job="web"}', tool="demo")) == 1001)
    assert (
        logs(second, "show", "web", "-n", "1", "-o", "raw", tool="demo").stdout
        == b"written while the broker was away\n"
    )


def test_a_run_gets_its_verdict_through_kafka(tmp_path, started):
    kafka = Kafka(tmp_path)
    started.append(kafka)
    kafka.start()
    server = Server(tmp_path, "--kafka", kafka.brokers, "--partitions", "2")
    started.append(server)
    server.start().ready()
    for script in (
        "echo working; echo done",
        "echo working; echo 'x: No space left on device' >&2; exit 2",
    ):
        logs(server, "run", "--job", "backup", "--", "/bin/sh", "-c", script, check=False)

    # The spool is empty once Kafka has the run; the server reads it a moment later.
    def verdict_of_the_second():
        reply = server.get("/api/v1/why?job=backup")
        found = reply.json() if reply.status == 200 else {}
        return found if found.get("outcome") == "failed" else None

    verdict = wait_for("the verdict", verdict_of_the_second)
    assert verdict["class"] == "resource/disk_full"
    assert json.loads(logs(server, "why", "backup", "-o", "json").stdout)["run"] == verdict["run"]

    # A new store that reads the topic again comes to the same.
    second = Server(tmp_path / "second", "--no-collect", "--kafka", kafka.brokers, name="second")
    second.directory.mkdir()
    started.append(second)
    second.start().ready()

    def same():
        reply = second.get(f"/api/v1/runs/{verdict['run']}/why")
        return reply.status == 200 and reply.json()["fingerprint"] == verdict["fingerprint"]

    wait_for("the replica's verdict", same)
