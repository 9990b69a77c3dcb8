"""The appliance as a newcomer has it: one process, pushes, queries, tails, restarts, bad input."""
import gzip
import json
import os
import signal
import subprocess
import time

from harness import BIN, Server, cri, logs, wait_for


def test_push_query_restart(server):
    server.push({"app": "web", "pod": "web-1"}, ["GET /", "password=hunter2 sent", "Ünï cödé"])
    lines = server.query('{app="web"}')
    assert [line for _, line, _ in lines] == [
        "GET /",
        "password=<secret:password> sent",
        "Ünï cödé",
    ]
    assert lines[0][2] == {"app": "web", "pod": "web-1"}
    assert [line for _, line, _ in server.query('{pod="web-1"} |= "GET"')] == ["GET /"]
    assert server.terminate() == 0
    server.start().ready()
    assert server.query('{app="web"}') == lines
    names = server.get("/loki/api/v1/labels").json()
    assert names["status"] == "success" and {"app", "pod"} <= set(names["data"])
    assert server.get("/loki/api/v1/label/app/values").json()["data"] == ["web"]


def test_an_acknowledged_push_survives_kill_9(server):
    for i in range(20):
        server.push({"app": "kill"}, [f"before {i}"])
        if i % 5 == 4:
            server.kill()
            server.start().ready()
    assert [line for _, line, _ in server.query('{app="kill"}')] == [
        f"before {i}" for i in range(20)
    ]


def test_logs_send_show_search_tail(server, tmp_path):
    logs(
        server,
        "send",
        "--job",
        "backup",
        input=b"first\nERROR disk full on /data\nlast line without newline",
    )
    shown = wait_for(
        "lines", lambda: logs(server, "show", "backup", "-o", "raw").stdout.decode().splitlines()
    )
    assert shown == ["first", "ERROR disk full on /data", "last line without newline"]
    assert logs(server, "search", "DISK full", "-o", "raw").stdout == b"ERROR disk full on /data\n"
    assert (
        logs(server, "search", "disk -full", "-o", "raw", "--fail-empty", check=False).returncode
        == 3
    )
    tail = subprocess.Popen(
        [BIN / "logs", "tail", "-n", "1", "-o", "raw"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LOGS_URL": server.url, "HOME": str(tmp_path)},
    )
    try:
        assert tail.stdout.readline() == b"last line without newline\n"
        logs(server, "send", "--job", "other", input=b"live\n")
        assert tail.stdout.readline() == b"live\n"
        # The server goes and comes back; what was written meanwhile arrives, once.
        server.kill()
        server.start().ready()
        logs(server, "send", input=b"after the restart\n")
        assert tail.stdout.readline() == b"after the restart\n"
    finally:
        tail.send_signal(signal.SIGINT)
        assert tail.wait(10) == 130


def test_logs_without_a_server_says_what_to_do(tmp_path):
    done = subprocess.run(
        [BIN / "logs", "show"],
        capture_output=True,
        env={**os.environ, "LOGS_URL": "http://127.0.0.1:1", "HOME": str(tmp_path)},
    )
    assert done.returncode == 7
    assert b"logboom serve" in done.stderr


def test_hostile_files_leave_marks_and_lose_no_neighbour(server, tmp_path):
    pods = tmp_path / "pods"
    main = pods / "tool-bad_evil-x2x4z_u" / "main"
    main.mkdir(parents=True)
    good = cri("good neighbour").encode()
    with open(main / "0.log", "wb") as log:
        log.write(good)
        log.write(b"no cri line at all\n")
        log.write(b"2026-13-45T99:99:99Z stdout F impossible time\n")
        log.write(cri("nul \x00 and invalid ").encode()[:-1] + b"\xff\xfe\n")
        log.write(cri("x" * (10 << 20)).encode())
        log.write(cri("from the future", time_ns=4 * 10**18).encode())
        log.write(cri("from the past", time_ns=10**9).encode())
        log.write(bytes(range(1, 256)) * 40 + b"\n")
        log.write(cri("after all that").encode())
    (pods / "tool-bad_dir-x2x4z_u" / "main" / "0.log").mkdir(parents=True)
    loop = pods / "tool-bad_loop-x2x4z_u" / "main"
    loop.mkdir(parents=True)
    (loop / "0.log").symlink_to(loop / "0.log")
    (pods / "tool-bad_self-x2x4z_u").symlink_to(pods)

    def all_lines():
        found = server.query('{job="evil"}', tool="bad")
        return found if any("after all that" in line for _, line, _ in found) else None

    found = wait_for("the last line", all_lines)
    texts = [line for _, line, _ in found]
    assert "good neighbour" in texts and "no cri line at all" in texts
    assert any(len(text) > 200_000 for text in texts), "a 10 MB line is cut, not dropped"
    assert all(len(text) <= 256 * 1024 for text in texts)
    assert server.metric("logboom_collector_truncated_lines_total") >= 1
    assert server.metric("logboom_collector_malformed_lines_total") >= 2
    # The lines of other times are there too, at their times.
    assert server.query('{job="evil"}', tool="bad", start="1", end="2")[0][1] == "from the past"
    assert server.query(
        '{job="evil"}',
        tool="bad",
        start=str(4 * 10**18 - 10**9),
        end=str(4 * 10**18 + 10**9),
    )
    # A directory and a symlink loop in place of files: said, and everything else goes on.
    assert server.running()


def test_bad_requests_get_a_clear_refusal(server):
    def status(reply):
        return reply.status, reply.body.decode(errors="replace")

    bomb = gzip.compress(b"0" * (300 << 20))
    for body, content_type, headers, expected in [
        (b"{", "application/json", {}, 400),
        (b'{"streams":[{"stream":{"a":"b"},"values":[[1,"x"]]}]}', "application/json", {}, 400),
        (b'{"streams":[{"stream":{"a":"b"},"values":[["x","y"]]}]}', "application/json", {}, 400),
        (b"hello", "application/json", {"Content-Encoding": "gzip"}, 400),
        (b"hello", "application/json", {"Content-Encoding": "br"}, 400),
        (bomb, "application/json", {"Content-Encoding": "gzip"}, 413),
        (b"x" * (17 << 20), "application/json", {}, 413),
        (b"\xff" * 1000, "application/x-protobuf", {}, 400),
    ]:
        got, text = status(server.post("/loki/api/v1/push", body, content_type, headers=headers))
        assert got == expected, (body[:40], headers, got, text)
        assert text.strip(), "a refusal says why"
    for body, content_type, expected in [
        (b"\xff" * 64, "application/x-protobuf", 400),
        (b"{]", "application/json", 400),
        (b"x", "text/plain", 415),
    ]:
        got, text = status(server.post("/v1/logs", body, content_type))
        assert got == expected, (body, content_type, got, text)
    for query in ["", "{", '{a="b"', '{a=~"["}', "{}", '{a=~".*"}']:
        got, text = status(
            server.get("/loki/api/v1/query_range?query=" + query.replace('"', "%22"))
        )
        assert got == 400 and text, (query, got)
    assert server.get("/loki/api/v1/labels", tool="../etc").status == 400
    # A part of a batch is bad: the rest is stored.
    body = json.dumps(
        {
            "streams": [
                {"stream": {"a": "b"}, "values": [[str(time.time_ns()), "kept"]]},
                {"stream": {"1bad": "b"}, "values": [[str(time.time_ns()), "not kept"]]},
            ]
        }
    ).encode()
    assert server.post("/loki/api/v1/push", body).status == 400
    assert [line for _, line, _ in server.query('{a="b"}')] == ["kept"]


def test_otlp_json_with_compression(server):
    body = {
        "resourceLogs": [
            {
                "resource": {
                    "attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]
                },
                "scopeLogs": [
                    {
                        "logRecords": [
                            {
                                "timeUnixNano": str(time.time_ns()),
                                "severityText": "ERROR",
                                "body": {"stringValue": "card declined"},
                                "attributes": [{"key": "order.id", "value": {"intValue": "7"}}],
                            }
                        ]
                    }
                ],
            }
        ]
    }
    reply = server.post(
        "/v1/logs", gzip.compress(json.dumps(body).encode()), headers={"Content-Encoding": "gzip"}
    )
    assert reply.status == 200, reply.body
    ((_, line, labels),) = server.query('{service_name="shop"}')
    assert line == "card declined" and labels["order_id"] == "7"


def test_a_config_with_a_mistake_is_refused_before_anything_starts(tmp_path):
    config = tmp_path / "x.yml"
    config.write_text("server:\n  lisen: 127.0.0.1:0\n")
    for command in (["check-config", config], ["serve", "--config", config]):
        done = subprocess.run(
            [BIN / "logboom", *command], capture_output=True, text=True, timeout=20
        )
        assert done.returncode == 2
        assert (
            f"{config}:2: unknown key 'server.lisen'; did you mean 'server.listen'?" in done.stderr
        )


def test_two_servers_cannot_share_a_directory(server, tmp_path):
    second = Server(tmp_path, "--no-collect", name="second")
    done = subprocess.run(second.arguments, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "another" in done.stderr or "in use" in done.stderr
