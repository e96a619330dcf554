"""What Flower knows of the studio by itself: the names of its tasks. It sets limits of no others."""

from celery import Celery

app = Celery("studio")


@app.task(name="studio.render")
def render(job_id):
    """A job that the studio admitted runs; every job does, whatever it came as."""


@app.task(name="studio.submit")
def submit(**submission):
    """A job is to be admitted."""
