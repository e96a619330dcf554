"""Puts COUNT messages of TASK on the queue; for `peer.render` with the jobs they name: enqueue.py TASK COUNT USER."""

import os
import sys
import uuid

import psycopg2
from psycopg2.extras import execute_values

from tasks import app

task, count, user = sys.argv[1], int(sys.argv[2]), sys.argv[3]
jobs = [str(uuid.uuid4()) for _ in range(count)]
if task == "peer.render":
    with psycopg2.connect(os.environ["DATABASE_URL"]) as database, database.cursor() as cursor:
        execute_values(
            cursor,
            "INSERT INTO peer_jobs (id, user_id, project, shot, function, parameters, state, credits) VALUES %s",
            [(job, user, "bench", "SHOT-010", "noop", "{}", "queued", 0) for job in jobs])
with app.producer_pool.acquire(block=True) as producer:
    for job in jobs:
        arguments = {"job_id": job} if task == "peer.render" else {}
        app.send_task(task, kwargs=arguments, task_id=job, ignore_result=True, producer=producer)
