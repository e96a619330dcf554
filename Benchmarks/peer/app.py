"""The peer: the same promise kept with FastAPI, asyncpg and Celery, as a good Python engineer would write it.

token -> credits held -> job row -> event, in one transaction, then the Celery message; uvloop, httptools, orjson and a
connection pool. `peer/tasks.py` is its worker.
"""

import asyncio
import os
import uuid
from contextlib import asynccontextmanager

import asyncpg
import jwt
import orjson
import redis.asyncio as redis
from fastapi import FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import ORJSONResponse

from tasks import app as celery

SECRET = os.environ["PEER_SECRET"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS peer_users (id uuid PRIMARY KEY, credits bigint NOT NULL CHECK (credits >= 0));
CREATE TABLE IF NOT EXISTS peer_jobs (
    id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES peer_users, project text NOT NULL, shot text NOT NULL,
    function text NOT NULL, parameters jsonb NOT NULL, state text NOT NULL, credits bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS peer_jobs_project ON peer_jobs (project, id DESC);
CREATE TABLE IF NOT EXISTS peer_keys (
    user_id uuid NOT NULL, key text NOT NULL, body bytea NOT NULL, PRIMARY KEY (user_id, key));
CREATE TABLE IF NOT EXISTS peer_ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL, job_id uuid NOT NULL, kind text NOT NULL,
    amount bigint NOT NULL);
CREATE TABLE IF NOT EXISTS peer_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job_id uuid NOT NULL, payload jsonb NOT NULL);
"""


@asynccontextmanager
async def running(app: FastAPI):
    app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=16)
    app.state.redis = redis.from_url(os.environ["REDIS_URL"])
    async with app.state.pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock(1)")
        await connection.execute(SCHEMA)
        await connection.execute("SELECT pg_advisory_unlock(1)")
    app.state.sockets = set()
    telling = asyncio.create_task(tell())
    yield
    telling.cancel()
    await app.state.pool.close()


async def tell() -> None:
    """One subscription for the process; every event goes to every socket."""
    async with app.state.redis.pubsub() as subscription:
        await subscription.subscribe("peer:events")
        async for message in subscription.listen():
            if message["type"] == "message":
                text = message["data"].decode()
                # One after the other: a task for each would cost more than the sending.
                for socket in list(app.state.sockets):
                    try:
                        await socket.send_text(text)
                    except (RuntimeError, WebSocketDisconnect):
                        app.state.sockets.discard(socket)


app = FastAPI(default_response_class=ORJSONResponse, lifespan=running)


def caller(request: Request) -> uuid.UUID:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    return uuid.UUID(claims["sub"])


@app.get("/healthz")
async def healthz() -> dict:
    return {"status": "ok"}


@app.post("/projects/{project}/jobs", status_code=202)
async def submit(project: str, request: Request) -> ORJSONResponse:
    user = caller(request)
    body = orjson.loads(await request.body())
    if "shot" not in body or "function" not in body:
        raise HTTPException(422)
    job = uuid.uuid4()
    answer = {"id": str(job), "state": "queued", "project": project, "shot": body["shot"]}
    async with app.state.pool.acquire() as connection, connection.transaction():
        key = request.headers.get("idempotency-key")
        if key:
            kept = await connection.fetchval(
                "INSERT INTO peer_keys VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1",
                user, key, orjson.dumps(answer))
            if kept is None:
                first = await connection.fetchval(
                    "SELECT body FROM peer_keys WHERE user_id = $1 AND key = $2", user, key)
                return ORJSONResponse(orjson.loads(first), 202)
        held = await connection.fetchval(
            "UPDATE peer_users SET credits = credits - 1 WHERE id = $1 AND credits >= 1 RETURNING 1", user)
        if held is None:
            raise HTTPException(402)
        await connection.execute(
            "INSERT INTO peer_jobs (id, user_id, project, shot, function, parameters, state, credits)"
            " VALUES ($1, $2, $3, $4, $5, $6, 'queued', 1)",
            job, user, project, body["shot"], body["function"], orjson.dumps(body.get("parameters", {})).decode())
        await connection.execute(
            "INSERT INTO peer_ledger (user_id, job_id, kind, amount) VALUES ($1, $2, 'hold', 1)", user, job)
        await connection.execute(
            "INSERT INTO peer_events (job_id, payload) VALUES ($1, $2)", job, '{"state": "queued"}')
    celery.send_task("peer.render", kwargs={"job_id": str(job)}, task_id=str(job), ignore_result=True)
    return ORJSONResponse(answer, 202)


@app.websocket("/events")
async def events(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("subscribed")
    app.state.sockets.add(socket)
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        pass
    finally:
        app.state.sockets.discard(socket)
