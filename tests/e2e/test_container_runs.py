"""Real containers as runs: exit codes, signals, memory kills, restarts of the collector between."""
import subprocess

import pytest

from harness import Server, wait_for
from test_container import PODMAN, image  # noqa: F401 (a fixture)


@pytest.fixture
def begin(tmp_path, image):  # noqa: F811
    """Starts a container whose log lies in the pod tree; returns its name."""
    names = []

    def start(job, script, *options, instance=0):
        log = tmp_path / "pods" / f"tool-demo_{job}-28461230-x2x4z_{job}" / "main"
        log.mkdir(parents=True, exist_ok=True)
        name = f"logboom-{tmp_path.name}-{job}-{instance}"
        names.append(name)
        subprocess.run(
            [*PODMAN, "run", "-d", "--name", name, "--network", "none", "--ulimit",
             "nofile=1024:1024", "--ulimit", "nproc=1000:1000", "--log-driver", "k8s-file",
             "--log-opt", f"path={log}/{instance}.log", *options, image, "/bin/sh", "-c", script],
            # conmon leaves a file `oom` where it stands.
            check=True, capture_output=True, timeout=60, cwd=tmp_path,
        )
        return name

    yield start
    subprocess.run([*PODMAN, "rm", "-f", "-t", "0", "-i", *names], capture_output=True, timeout=120)


def runs_of(server, job):
    reply = server.get(f"/api/v1/runs?job={job}", tool="demo")
    assert reply.status == 200, (reply.status, reply.body)
    return reply.json()["runs"]


def ended(server, job):
    def over():
        found = runs_of(server, job)
        return found and found[0]["outcome"] != "running" and found[0]

    return wait_for(f"the end of {job}", over)


@pytest.mark.parametrize(
    "job, script, options, facts",
    [
        ("fine", "echo one; echo two", [], {"outcome": "succeeded", "exit_code": 0, "lines": 2}),
        ("bad", "echo sorry >&2; exit 3", [], {"outcome": "failed", "exit_code": 3, "lines": 1}),
        ("brief", "exit 4", ["--rm"], {"outcome": "failed", "exit_code": 4}),
        ("term", "kill -TERM $$; busybox sleep 1; exit 143", [], {"exit_code": 143, "signal": 15}),
    ],
)
def test_a_container_ends_as_its_runtime_says(server, begin, job, script, options, facts):
    begin(job, script, *options)
    run = ended(server, job)
    assert {name: run.get(name) for name in facts} == facts
    assert (run["trigger"], run["container"]) == ("container", "main")
    assert "/bin/sh -c" in run["command"]
    lines = server.get(f"/api/v1/runs/{run['id']}/lines?format=json", tool="demo").json()
    assert lines["total"] == facts.get("lines", 0)


def test_a_killed_container_ends_with_its_signal(server, begin):
    name = begin("killed", "echo here; while true; do busybox sleep 1; done")
    wait_for("the run", lambda: runs_of(server, "killed"))
    wait_for("its line", lambda: server.query('{job="killed"}', tool="demo"))
    subprocess.run([*PODMAN, "kill", "-s", "KILL", name], check=True, capture_output=True)
    run = ended(server, "killed")
    assert (run["outcome"], run["exit_code"], run["signal"]) == ("failed", 137, 9)
    assert not run.get("oom_kills")


def test_the_kernels_kill_for_memory_is_known(server, begin):
    # The second sleep gives its control group the time that a real program has.
    begin("hungry", "busybox sleep 2; exec busybox tail /dev/zero", "--memory", "32m")
    run = ended(server, "hungry")
    assert (run["outcome"], run["exit_code"], run["signal"]) == ("failed", 137, 9)
    assert run["oom_kills"] >= 1
    assert run["memory_limit_bytes"] == 32 << 20
    assert run["peak_bytes"] > 30 << 20
    verdict = server.get(f"/api/v1/runs/{run['id']}/why", tool="demo").json()
    assert verdict["class"] == "resource/oom_cgroup", verdict


def test_a_child_killed_for_memory_shows_behind_exit_0(server, begin):
    begin("shell", "busybox sleep 1; busybox tail /dev/zero; exit 0", "--memory", "32m")
    run = ended(server, "shell")
    assert (run["exit_code"], run["oom_kills"] >= 1) == (0, True)


def test_a_living_container_gives_samples(server, begin):
    begin("busy", "busybox sleep 8; exit 0", "--memory", "32m")

    def sampled():
        found = runs_of(server, "busy")
        if not found:
            return None
        run = server.get(f"/api/v1/runs/{found[0]['id']}", tool="demo").json()
        return len(run["samples"]) >= 2 and run["samples"]

    samples = wait_for("two samples", sampled)
    assert all(sample["memory_bytes"] > 0 and sample["processes"] >= 1 for sample in samples)
    assert samples[-1]["quiet_ms"] > samples[0]["quiet_ms"]
    ended(server, "busy")


def test_a_restarted_container_is_another_run(server, begin):
    begin("again", "echo first; exit 1")
    ended(server, "again")
    begin("again", "echo second; exit 0", instance=1)
    runs = wait_for(
        "two ended runs",
        lambda: (found := runs_of(server, "again"))
        and len(found) == 2
        and all(run["outcome"] != "running" for run in found)
        and found,
    )
    assert [run["outcome"] for run in runs] == ["succeeded", "failed"]
    assert runs[0]["id"] != runs[1]["id"]


def test_a_run_outlives_the_collector(server, begin):
    begin("long", "echo begin; busybox sleep 6; echo end; exit 3")
    first = wait_for("the run", lambda: runs_of(server, "long"))[0]
    server.kill()
    server.start().ready()
    run = ended(server, "long")
    assert (run["id"], run["outcome"], run["exit_code"]) == (first["id"], "failed", 3)
    texts = [line for _, line, _ in server.query('{job="long"}', tool="demo")]
    assert texts == ["begin", "end"]


def test_what_ended_while_no_collector_ran_has_ended(server, begin):
    name = begin("away", "echo begin; busybox sleep 3; exit 3")
    wait_for("the run", lambda: runs_of(server, "away"))
    server.kill()
    subprocess.run([*PODMAN, "wait", name], check=True, capture_output=True, timeout=60)
    server.start().ready()
    run = ended(server, "away")
    assert "exit_code" not in run, "podman has taken its exit code, so nobody knows it"


def test_a_crontabs_entry_is_an_expected_job(tmp_path, started):
    tables = tmp_path / "cron" / "etc" / "cron.d"
    tables.mkdir(parents=True)
    (tables / "backup").write_text(
        "SHELL=/usr/bin/logs-sh\nLOGS_TOOL=demo\n0 3 * * * root backup.sh #job: nightly\n"
    )
    server = Server(tmp_path, "--pod-logs", tmp_path / "pods")
    started.append(server)
    server.start().ready()

    def jobs():
        listed = server.get("/api/v1/jobs", tool="demo").json()["jobs"]
        return {job["job"]: job for job in listed}

    nightly = wait_for("the check", lambda: jobs().get("nightly"))
    assert nightly["schedule"] == "0 3 * * *"
    assert nightly["next"]
    (tables / "backup").unlink()
    wait_for("the check to go", lambda: "schedule" not in jobs().get("nightly", {}))
