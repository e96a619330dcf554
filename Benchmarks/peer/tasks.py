"""The peer's worker: marks the job as running in PostgreSQL, tells the gateway, and is done."""

import json
import os

import psycopg2
import redis
from celery import Celery
from celery.signals import worker_process_init

app = Celery("peer", broker=os.environ["REDIS_URL"])
app.conf.update(
    # One message a process where it is about waiting, many where it is about rate.
    worker_prefetch_multiplier=int(os.environ.get("PEER_PREFETCH", "1")), task_acks_late=True,
    broker_connection_retry_on_startup=True)
connections: dict = {}


@worker_process_init.connect
def connect(**_: object) -> None:
    connections["database"] = psycopg2.connect(os.environ["DATABASE_URL"])
    connections["redis"] = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.task(name="peer.render", ignore_result=True)
def render(job_id: str) -> None:
    database = connections["database"]
    with database, database.cursor() as cursor:
        cursor.execute("UPDATE peer_jobs SET state = 'running' WHERE id = %s AND state = 'queued'", (job_id,))
        cursor.execute(
            "INSERT INTO peer_events (job_id, payload) VALUES (%s, %s)", (job_id, '{"state": "running"}'))
    connections["redis"].publish("peer:events", json.dumps({"job": job_id, "state": "running"}))


@app.task(name="peer.nothing", ignore_result=True)
def nothing() -> None:
    """Celery alone: a message comes, nothing is done, and it is acknowledged."""
