"""From a run's end to the mail and the IRC line, with real servers, across kill -9."""
import collections
import random
import re
import time

import pytest

from harness import Server, logs, wait_for
from peers import ChatServer, Listener, MailServer


@pytest.fixture
def post(tmp_path, started):
    server = MailServer(tmp_path / "post")
    started.append(server)
    return server.start()


@pytest.fixture
def chat(tmp_path, started):
    server = ChatServer(tmp_path / "chat")
    started.append(server)
    server.start()
    listener = Listener(server, "#alerts")
    started.append(listener)
    server.listener = listener
    return server


def alerting(tmp_path, started, *arguments):
    (tmp_path / "pods").mkdir(exist_ok=True)
    server = Server(tmp_path, "--pod-logs", tmp_path / "pods", *arguments)
    started.append(server)
    return server.start().ready()


def to_both(post, chat):
    return [
        "--smtp",
        post.url,
        "--mail-from",
        "alerts@example.org",
        "--irc",
        chat.url,
        "--irc-ca-file",
        chat.cert,
        "--notify",
        "*=mailto:owner@example.org",
        "--notify",
        "*=irc:#alerts",
    ]


def ping(server, tool, job, code, body=b""):
    reply = server.post(f"/ping/{tool}/{job}/{code}", body, content_type="text/plain")
    assert reply.status == 200, (reply.status, reply.body)


def incident_in(line):
    return re.search(r"\[([0-9a-z]{12})\]$", line)[1]


def test_a_failing_run_is_told_in_seconds_and_its_recovery_too(tmp_path, started, post, chat):
    server = alerting(tmp_path, started, *to_both(post, chat))
    spool = {"LOGS_SPOOL": str(tmp_path / "spool")}

    def run(script):
        return logs(
            server,
            "run",
            "--tool",
            "bot",
            "--job",
            "report",
            "--",
            "sh",
            "-c",
            script,
            check=False,
            environment=spool,
        ).returncode

    assert run("echo working") == 0
    assert run("echo starting; echo 'fatal: disk quota exceeded' >&2; exit 3") == 3
    ended = time.monotonic()
    wait_for("the mail", lambda: len(post.mails()) == 1, 10)
    wait_for("the IRC line", lambda: len(chat.listener.lines()) == 1, 10)
    print(f"run's end to mail and IRC line: {time.monotonic() - ended:.2f} s")

    mail, line = post.mails()[0], chat.listener.lines()[0]
    incident = incident_in(line)
    assert line.startswith("FAILED bot/report: ") and len(line.encode()) <= 400
    assert mail["Subject"].startswith("[bot] FAILED report: ")
    assert mail["Message-ID"] == f"<{incident}.1@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<bot.alerts.example.org>"
    assert mail.get_content_type() == "multipart/alternative"
    plain = mail.get_body(("plain",)).get_content()
    assert "disk quota exceeded" in plain and "logs why " in plain
    assert "disk quota exceeded" in mail.get_body(("html",)).get_content()
    assert max(map(len, plain.splitlines())) <= 78

    assert run("echo 'fatal: disk quota exceeded' >&2; exit 3") == 3  # no news
    assert run("echo working") == 0
    wait_for("the second mail", lambda: len(post.mails()) == 2, 10)
    wait_for("the second line", lambda: len(chat.listener.lines()) == 2, 10)
    mail, line = post.mails()[1], chat.listener.lines()[1]
    assert line.startswith("RECOVERED bot/report after 2 failures")
    assert incident_in(line) == incident
    assert mail["In-Reply-To"] == mail["References"] == f"<{incident}.1@example.org>"
    listed = server.get("/api/v1/incidents?job=report", tool="bot").json()["incidents"]
    assert [(i["id"], i["kind"], i["failures"]) for i in listed] == [(incident, "failed", 2)]


def test_no_kill_loses_a_message_or_makes_a_second_one(tmp_path, started, post, chat):
    seed = time.time_ns()
    print("seed", seed)
    chance = random.Random(seed)
    server = alerting(tmp_path, started, *to_both(post, chat))
    rounds = 15
    for i in range(rounds):
        ping(server, f"tool{i}", "job", 3, b"fatal: cannot go on\n")
        time.sleep(chance.uniform(0, 0.3))
        server.kill()
        server.start().ready()

    def told():
        return {mail["Subject"].split("]")[0] for mail in post.mails()}

    wait_for("all mails", lambda: len(told()) == rounds, 60)
    wait_for(
        "all IRC lines",
        lambda: len({incident_in(line) for line in chat.listener.lines()}) == rounds,
        90,
    )
    wait_for(
        "an empty outbox",
        lambda: server.get("/api/v1/alerts").json() == {"waiting": 0, "dead": []},
        60,
    )

    ids = collections.Counter(mail["Message-ID"] for mail in post.mails())
    lines = collections.Counter(map(incident_in, chat.listener.lines()))
    # One incident each: a repeat has the name of the first.
    assert len(ids) == len(lines) == rounds
    assert {name[1:13] for name in ids} == set(lines)
    # Repeats come from kills between the last byte and its answer alone: rare.
    again = sum(ids.values()) - rounds, sum(lines.values()) - rounds
    print(f"{rounds} kills: {again[0]} mails and {again[1]} lines came twice")
    assert sum(again) <= rounds // 3


def test_servers_that_are_away_hold_messages_up_and_lose_none(tmp_path, started, post, chat):
    server = alerting(tmp_path, started, *to_both(post, chat))
    post.kill()
    ping(server, "bot", "job", 1)
    wait_for("a try", lambda: server.metric("logboom_alerts_send_failures_total") > 0, 20)
    wait_for("the IRC line all the same", lambda: len(chat.listener.lines()) == 1, 20)
    assert server.get("/api/v1/alerts").json()["waiting"] == 1
    server.kill()
    post.start()
    server.start().ready()
    wait_for("the mail", lambda: len(post.mails()) == 1, 20)


def test_a_test_message_goes_to_recipients_alone(tmp_path, started, post, chat):
    server = alerting(tmp_path, started, *to_both(post, chat))
    reply = server.post("/api/v1/alerts/test?to=irc:%23alerts", b"", tool="bot")
    assert (reply.status, reply.json()) == (200, {"sent": "irc:#alerts"})
    assert chat.listener.lines()[0].startswith("TEST bot/test: ")
    reply = server.post("/api/v1/alerts/test?to=mailto:someone@example.com", b"", tool="bot")
    assert reply.status == 400


def test_sasl_lets_us_in_with_our_account(tmp_path, started, post):
    chat = ChatServer(tmp_path / "chat", services=True)
    started.append(chat)
    chat.start()
    account = Listener(chat, "#alerts", nick="boomaccount")
    started.append(account)
    account.register("s3cret-word")
    (tmp_path / "password").write_text("s3cret-word\n")
    server = alerting(
        tmp_path,
        started,
        *to_both(post, chat),
        "--irc-user",
        "boomaccount",
        "--irc-password-file",
        tmp_path / "password",
    )
    ping(server, "bot", "job", 1)
    wait_for("the IRC line", lambda: len(account.lines()) == 1, 20)
    account.say("WHOIS boom")
    assert "s3cret" not in server.log.read_text()
