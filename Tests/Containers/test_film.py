"""Work on three workers: takes with their history, logs that read well, more and fewer workers."""

import concurrent.futures
import hashlib
import json

from engine import docker, run
from stack import until
from work import Stream

PICTURE = {"prompt": "harbour", "width": 64, "height": 36}
FILM = {"prompt": "harbour", "seconds": 1, "width": 128, "height": 72}


def test_a_take_is_a_file_with_its_object_and_its_commit(stack, project, tmp_path):
    job = stack.ended(stack.submit(project, "mock-video", parameters=FILM))
    assert job["state"] == "succeeded", job
    take = stack.call("GET", f"/api/v1/takes/{job['takes'][0]}")
    docker("cp", f"{stack.container('gateway').id}:/workspace/Projects/{project}", tmp_path / "there")
    clean = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}

    def git(*arguments, folder="there"):
        return run("git", *arguments, environment=clean, folder=tmp_path / folder)
    git("lfs", "install")
    assert take["path"] in git("log", "-1", "--name-only", "--format=%H", take["commit"])
    git("fsck", "--strict")
    git("lfs", "fsck")
    # What somebody gets who clones it is the media itself.
    run("git", "clone", "--quiet", tmp_path / "there", tmp_path / "clone", environment=clean)
    content = (tmp_path / "clone" / take["path"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == take["sha256"]
    assert git("lfs", "ls-files", "--name-only", folder="clone").splitlines() == [take["path"]]


def test_all_workers_take_jobs(stack, project):
    # As many as have slots, and none ends by itself while it is looked at.
    jobs = [stack.submit(project, "noop", parameters={"milliseconds": 250_000}) for _ in range(6)]
    assert {stack.running(job) for job in jobs} == set(stack.containers("worker"))
    for job in jobs:
        stack.call("POST", f"/api/v1/jobs/{job}/cancel")
    assert {stack.ended(job)["state"] for job in jobs} == {"cancelled"}


def test_five_workers_and_two_without_a_lost_job(stack, project):
    with Stream(stack, project) as stream:
        stack.scale(5)
        stream.flows()
        stack.scale(2)
        stream.flows()
    lost = stack.sql(f"SELECT count(*) FROM job_attempts JOIN jobs ON jobs.id = job_id WHERE outcome = 'lost' AND job_id IN ({', '.join(repr(job) for job in stream.accepted)})")
    assert lost == ["0"], "a worker that is told to stop finishes what it does, or gives it back"
    stack.scale(3)


def test_lines_of_workers_are_objects_that_say_who_and_what(stack, project):
    job = stack.submit(project, "noop", parameters={"milliseconds": 100}, shot="SHOT-777")
    stack.ended(job)

    def told():
        lines = [json.loads(line) for worker in stack.containers("worker") for line in worker.log().splitlines()]
        mine = [line for line in lines if line.get("job") == job]
        return mine if "job succeeded" in {line["message"] for line in mine} else None
    lines = until("the lines of the job", told)
    assert [line["message"] for line in lines] == ["job started", "job succeeded"]
    for line in lines:
        assert (line["project"], line["shot"], line["function"]) == (project, "SHOT-777", "noop")
        assert line["worker"] and line["at"] and line["level"] == "info"


def test_compose_follows_many_workers_in_lines_of_their_own(stack, project):
    with concurrent.futures.ThreadPoolExecutor(4) as people:
        jobs = list(people.map(lambda _: stack.submit(project, "noop", parameters={"milliseconds": 10}), range(8)))
    for job in jobs:
        stack.ended(job)
    shown = until("every job's lines", lambda: (lambda text: text if all(text.count(job) >= 2 for job in jobs) else None)(
        stack.compose("logs", "--no-color", "--no-log-prefix", "worker")))
    # Compose moves the cursor before the first line of each, also where there is none.
    for line in shown.replace("\x1b[2K", "").splitlines():
        assert json.loads(line)["message"]
