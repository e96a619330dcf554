"""Making takes for tests."""


def submit(studio, project, shot, function="mock-video", **parameters):
    """A job; its receipt."""
    defaults = {"mock-video": {"prompt": "dawn", "seconds": 1, "width": 128, "height": 72}, "mock-image": {"prompt": "dawn", "width": 128, "height": 72}, "noop": {}}[function]
    return studio.call("POST", f"/api/v1/projects/{project}/jobs", {"shot": shot, "function": function, "parameters": {**defaults, **parameters}})


def take(studio, project, shot, **parameters):
    """A finished take."""
    job = submit(studio, project, shot, **parameters)["id"]
    done = studio.until(f"the take of {shot}", lambda: (lambda state: state if state["takes"] else None)(studio.call("GET", f"/api/v1/jobs/{job}")))
    return studio.call("GET", f"/api/v1/takes/{done['takes'][0]}")
