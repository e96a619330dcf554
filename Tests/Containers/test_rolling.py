"""A new version under load, and what a worker that is told to stop does."""

from engine import docker
from stack import until
from work import Stream


def test_a_new_version_under_load(stack, project):
    """Gate, gateway and workers are exchanged one after the other while people work."""
    services = ("engine-gate", "gateway", "worker")
    images = {}
    for service, variable in (("gateway", "GATEWAY_IMAGE"), ("worker", "WORKER_IMAGE")):
        old = stack.containers(service)[0].description["Config"]["Image"]
        images[variable] = f"studio-test/{service}:next"
        docker("build", "--tag", images[variable], "-", stdin=f"FROM {old}\nLABEL studio.test=next\n")
        stack.images.add(images[variable])
    # Both versions are the same but for a label: what is tried is the exchange.
    with Stream(stack, project) as stream:
        before = {container for service in services for container in stack.containers(service)}
        stack.settings |= images
        stack.script("roll", seconds=600)
        for service in services:
            for container in stack.containers(service):
                assert container not in before
                assert container.description["Config"]["Labels"]["studio.test"] == "next"
        until("three workers serve", lambda: len(stack.serving()) == 3)
        stream.flows()
    lost = stack.sql(f"SELECT count(*) FROM job_attempts WHERE outcome = 'lost' AND job_id IN ({', '.join(repr(job) for job in stream.accepted)})")
    assert lost == ["0"], "what ran was finished, or given back"


def test_a_worker_that_is_told_to_stop_finishes_what_it_does(stack, project):
    job = stack.submit(project, "noop", parameters={"milliseconds": 12_000})
    worker = stack.running(job)
    docker("stop", worker.id)
    try:
        state = worker.state
        assert (state["ExitCode"], state["OOMKilled"]) == (0, False)
        log = worker.log()
        assert "draining" in log and log.rindex("job succeeded") > log.rindex("draining")
        assert [attempt["outcome"] for attempt in stack.ended(job)["attempts"]] == ["succeeded"]
    finally:
        docker("start", worker.id)
    until("three workers serve", lambda: len(stack.serving()) == 3)


def test_one_that_is_told_twice_gives_it_back(stack, project):
    job = stack.submit(project, "noop", parameters={"milliseconds": 12_000})
    worker = stack.running(job)
    # The log of one that was started again says so already.
    said = worker.log().count("no more jobs are taken")
    docker("kill", "--signal", "TERM", worker.id)
    until("it has heard", lambda: worker.log().count("no more jobs are taken") > said)
    docker("kill", "--signal", "TERM", worker.id)
    until("it has ended", lambda: not worker.state["Running"])
    try:
        assert worker.state["ExitCode"] == 0
        assert [attempt["outcome"] for attempt in stack.ended(job)["attempts"]] == ["released", "succeeded"]
        assert stack.job(job)["countedAttempts"] <= 1
    finally:
        docker("start", worker.id)
    until("three workers serve", lambda: len(stack.serving()) == 3)
