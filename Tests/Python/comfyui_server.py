"""A server that speaks ComfyUI's HTTP and WebSocket protocol as it was captured of versions 0.33.0 and 0.3.64, with all its
traps, for tests that need no model. It makes real PNG pictures and real films.

What lies below /_test/ is the tests' own: what to break, and what came.
"""
import argparse
import asyncio
import base64
import hashlib
import json
import os
import shutil
import struct
import threading
import uuid

import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket

from comfyui.executor import Queue, milliseconds, work
from comfyui.nodes import KNOWN
from comfyui.validation import Refused, validate


class Server:
    def __init__(self, arguments):
        self.base = os.path.abspath(arguments.base)
        self.is_old = arguments.old
        self.keeps_nothing = arguments.cache_none
        self.upload_limit = arguments.max_upload
        self.password = arguments.password
        self.known = {name for name in KNOWN if name not in arguments.without.split(",")}
        self.queue, self.cache, self.started = Queue(), {}, []
        self.interrupted, self.last_node, self.number = False, None, 0
        self.sockets, self.features, self.requests, self.faults = {}, {}, [], []
        self.outgoing = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        self.held = {name: threading.Event() for name in ("history",)}
        for event in self.held.values():
            event.set()
        self.delivers = asyncio.Event()
        self.delivers.set()
        self.takes_sockets = True
        for name in ("input", "output", "temp"):
            if name == "temp":
                shutil.rmtree(self.folder(name), ignore_errors=True)
            os.makedirs(self.folder(name), exist_ok=True)

    def folder(self, name):
        return os.path.join(self.base, name)

    def annotated(self, name):
        """The path of `name.png`, `sub/name.png [output]` and the like."""
        place = "input"
        for other in ("output", "temp", "input"):
            if name.endswith(f" [{other}]"):
                name, place = name[:-len(other) - 3], other
        root = self.folder(place)
        path = os.path.abspath(os.path.join(root, name))
        if os.path.commonpath((root, path)) != root:
            raise ValueError("outside")
        return path

    def exists(self, name):
        try:
            return os.path.isfile(self.annotated(name))
        except ValueError:
            return False

    def digest(self, name):
        with open(self.annotated(name), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def wait_for(self, name):
        self.held[name].wait()

    # What is sent over sockets: one queue, one delivery after the other, so that one slow reader holds up all.

    def send(self, message, client):
        self.loop.call_soon_threadsafe(self.outgoing.put_nowait, (message, client))

    def tell(self, kind, data, client=None):
        self.send(json.dumps({"type": kind, "data": data}), client)

    def status(self):
        self.tell("status", {"status": {"exec_info": {"queue_remaining": self.queue.remaining}}})

    def show(self, picture, client, about):
        if self.features.get(client, {}).get("supports_preview_metadata"):
            text = json.dumps(about).encode()
            self.send(struct.pack(">II", 4, len(text)) + text + picture, client)
        else:
            self.send(struct.pack(">II", 1, 2) + picture, client)

    async def deliver(self):
        while True:
            message, client = await self.outgoing.get()
            await self.delivers.wait()
            sockets = list(self.sockets.values()) if client is None else [self.sockets.get(client)]
            for socket in sockets:
                if socket is None:
                    continue
                try:
                    await socket.write_message(message, binary=isinstance(message, bytes))
                except tornado.websocket.WebSocketClosedError:
                    pass

    def fault(self, route, method):
        for fault in self.faults:
            # What has to do with queueing is for who queues.
            if "-" in fault["how"] and method != "POST":
                continue
            if fault["route"] == route and fault["times"] > 0:
                fault["times"] -= 1
                return fault["how"]
        return None


class Handler(tornado.web.RequestHandler):
    @property
    def studio(self):
        return self.application.settings["server"]

    def prepare(self):
        path = self.request.path.removeprefix("/api") if not self.request.path.startswith("/api/jobs") else self.request.path
        if path.startswith("/_test/"):
            return
        self.studio.requests.append({
            "method": self.request.method, "path": path, "query": self.request.query,
            "body": self.request.body.decode("utf-8", "replace") if len(self.request.body) < 100_000 else None,
            "origin": self.request.headers.get("Origin")})
        if self.studio.password:
            wanted = "Basic " + base64.b64encode(self.studio.password.encode()).decode()
            if self.request.headers.get("Authorization") != wanted:
                self.set_status(401)
                self.finish("who are you")
                return
        origin = self.request.headers.get("Origin")
        if origin is not None and origin.split("://")[-1] != self.request.host:
            self.set_status(403)
            self.finish()
            return
        if len(self.request.body) > self.studio.upload_limit:
            self.set_status(413)
            self.set_header("Content-Type", "text/plain")
            self.finish(f"Maximum request body size {self.studio.upload_limit} exceeded.")
            return
        self.how = self.studio.fault(path, self.request.method)
        if self.how == "503":
            self.set_status(503)
            self.finish("busy")
        elif self.how == "drop":
            self.drop()

    def drop(self):
        self.request.connection.stream.close()
        self._finished = True

    def write_error(self, status, **_):
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status} Internal Server Error\n\nServer got itself in trouble" if status == 500 else str(status))

    def reply(self, value, status=200):
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        # NaN and infinities are written as Python does, which is not JSON.
        self.finish(json.dumps(value))

    def body(self):
        return json.loads(self.request.body)


class Prompt(Handler):
    def get(self):
        self.reply({"exec_info": {"queue_remaining": self.studio.queue.remaining}})

    def post(self):
        server, how = self.studio, self.how
        if how == "500-before":
            raise RuntimeError("before anything was done")
        if how == "drop-before":
            return self.drop()
        body = self.body()
        number = server.number
        server.number += 1
        if isinstance(body, dict) and "number" in body:
            number = float(body["number"])
        elif isinstance(body, dict) and body.get("front"):
            number = -number
        if not isinstance(body, dict) or "prompt" not in body:
            return self.reply(Refused("no_prompt", "No prompt provided", "No prompt provided").body, 400)
        identity = body.get("prompt_id")
        if identity is None:
            identity = str(uuid.uuid4())
        elif server.is_old:
            identity = str(identity)
        else:
            try:
                is_good = str(uuid.UUID(identity)) == identity
            except (ValueError, AttributeError, TypeError):
                is_good = False
            if not is_good:
                return self.reply(
                    Refused("invalid_prompt_id", "prompt_id must be a canonical lower-case UUID", str(identity)).body, 400)
        prompt = body["prompt"]
        try:
            outputs, errors = validate(prompt, server)
        except Refused as refused:
            return self.reply(refused.body, 400)
        extra = dict(body.get("extra_data", {}))
        if "client_id" in body:
            extra["client_id"] = body["client_id"]
        if not server.is_old:
            extra["create_time"] = milliseconds()
        server.queue.put((number, identity, prompt, extra, outputs))
        server.status()
        if how == "500-enqueued":
            raise TypeError("'<' not supported between instances of 'dict' and 'dict'")
        if how == "drop-enqueued":
            return self.drop()
        self.reply({"prompt_id": identity, "number": number, "node_errors": errors})


class QueueRoute(Handler):
    def get(self):
        queue = self.studio.queue
        with queue.changed:
            value = {"queue_running": list(queue.running), "queue_pending": list(queue.pending)}
        self.reply(value)

    def post(self):
        body = self.body()
        queue = self.studio.queue
        if body.get("clear"):
            queue.delete([item[1] for item in queue.pending])
        if queue.delete(body.get("delete", [])):
            self.studio.status()
        self.finish()


class Interrupt(Handler):
    def post(self):
        body = self.body() if self.request.body else {}
        wanted = body.get("prompt_id")
        queue = self.studio.queue
        with queue.changed:
            if wanted is None or any(item[1] == wanted for item in queue.running):
                self.studio.interrupted = bool(queue.running)
        self.finish()


class History(Handler):
    def get(self, identity=None):
        history = self.studio.queue.history
        if identity is None:
            return self.reply(history)
        self.reply({identity: history[identity]} if identity in history else {})

    def post(self, _=None):
        body = self.body()
        if body.get("clear"):
            self.studio.queue.history.clear()
        for identity in body.get("delete", []):
            self.studio.queue.history.pop(identity, None)
        self.finish()


class Jobs(Handler):
    def get(self, identity=None):
        if self.studio.is_old:
            raise tornado.web.HTTPError(404)
        queue = self.studio.queue
        if identity is None:
            return self.reply({"jobs": [], "pagination": {"offset": 0, "limit": 1, "total": 0, "has_more": False}})
        for state, items in (("in_progress", queue.running), ("pending", queue.pending)):
            if any(item[1] == identity for item in items):
                return self.reply({"id": identity, "status": state})
        if identity in queue.history:
            return self.reply({"id": identity, "status": "completed"})
        self.reply({"error": "Job not found"}, 404)


class JobCancel(Handler):
    def post(self, identity):
        if self.studio.is_old:
            raise tornado.web.HTTPError(404)
        queue = self.studio.queue
        done = queue.delete([identity])
        if not done:
            with queue.changed:
                done = any(item[1] == identity for item in queue.running)
                if done:
                    self.studio.interrupted = True
        self.reply({"cancelled": done})


class Upload(Handler):
    def post(self):
        place = self.get_body_argument("type", "input")
        folder = self.get_body_argument("subfolder", "")
        overwrite = self.get_body_argument("overwrite", "") in ("true", "1")
        files = self.request.files.get("image")
        if not files:
            self.set_status(400)
            return self.finish()
        if place not in ("input", "temp", "output"):
            raise RuntimeError("no such folder")
        name, data = files[0]["filename"], files[0]["body"]
        if name.startswith("../") or ".." in folder.split("/"):
            self.set_status(400)
            return self.finish()
        if not name or "/" in name or len(name.encode()) > 255:
            raise RuntimeError("no such file")
        target = os.path.join(self.studio.folder(place), folder)
        os.makedirs(target, exist_ok=True)
        stem, ending = os.path.splitext(name)
        count = 0
        while not overwrite and os.path.exists(os.path.join(target, name)):
            with open(os.path.join(target, name), "rb") as file:
                if file.read() == data:
                    break
            count += 1
            name = f"{stem} ({count}){ending}"
        with open(os.path.join(target, name), "wb") as file:
            file.write(data)
        self.reply({"name": name, "subfolder": folder, "type": place})


class View(Handler):
    def get(self):
        name = self.get_query_argument("filename", "", strip=False)
        folder = self.get_query_argument("subfolder", "", strip=False)
        place = self.get_query_argument("type", "output")
        if not name or ".." in name or name.startswith("/") or place not in ("input", "temp", "output"):
            raise tornado.web.HTTPError(400)
        root = self.studio.folder(place)
        path = os.path.abspath(os.path.join(root, folder, os.path.basename(name)))
        if os.path.commonpath((root, path)) != root:
            raise tornado.web.HTTPError(403)
        if not os.path.isfile(path):
            raise tornado.web.HTTPError(404)
        kinds = {".png": "image/png", ".mp4": "video/mp4", ".gif": "image/gif"}
        self.set_header("Content-Type", kinds.get(os.path.splitext(path)[1], "application/octet-stream"))
        self.set_header("Content-Disposition", f'filename="{os.path.basename(path)}"')
        with open(path, "rb") as file:
            self.finish(file.read())


class ObjectInfo(Handler):
    def get(self, name=None):
        server = self.studio
        names = sorted(server.known) if name is None else [name] if name in server.known else []
        self.reply({
            key: {"input": {"required": KNOWN[key].required, "optional": KNOWN[key].optional | {
                "limit": ["FLOAT", {"max": float("inf")}]}},
                "output": KNOWN[key].returns, "output_node": KNOWN[key].is_output, "name": key}
            for key in names})


class SystemStats(Handler):
    def get(self):
        version = "0.3.64" if self.studio.is_old else "0.33.0"
        self.reply({"system": {"os": "linux", "comfyui_version": version, "python_version": "3.11.7",
                               "pytorch_version": "2.13.0+cpu", "argv": ["/srv/comfyui/main.py", "--cpu"]},
                    "devices": [{"name": "cpu", "type": "cpu", "index": None}]})


class Features(Handler):
    def get(self):
        self.reply(FEATURES)


FEATURES = {"supports_preview_metadata": True, "max_upload_size": 104857600}


class Socket(tornado.websocket.WebSocketHandler):
    def check_origin(self, origin):
        return True

    def prepare(self):
        server = self.application.settings["server"]
        server.requests.append({"method": "GET", "path": "/ws", "query": self.request.query, "body": "",
                                "origin": self.request.headers.get("Origin")})
        if not server.takes_sockets:
            raise tornado.web.HTTPError(503)

    def open(self):
        server = self.application.settings["server"]
        self.sid = self.get_query_argument("clientId", "") or uuid.uuid4().hex
        self.first = True
        server.sockets[self.sid] = self
        server.tell("status", {"status": {"exec_info": {"queue_remaining": server.queue.remaining}}, "sid": self.sid},
                    self.sid)
        running = server.queue.running
        if running and running[0][3].get("client_id") == self.sid and server.last_node is not None:
            # Without the prompt's id.
            server.tell("executing", {"node": server.last_node}, self.sid)

    def on_message(self, message):
        try:
            value = json.loads(message)
        except ValueError:
            return
        if not self.first or not isinstance(value, dict):
            return
        self.first = False
        if value.get("type") == "feature_flags":
            server = self.application.settings["server"]
            server.features[self.sid] = value.get("data", {})
            server.tell("feature_flags", FEATURES, self.sid)

    def on_close(self):
        # Whichever socket of that id it is.
        self.application.settings["server"].sockets.pop(self.sid, None)


class Test(Handler):
    def get(self, what):
        server = self.studio
        if what == "log":
            self.reply({"requests": server.requests, "started": server.started, "sockets": len(server.sockets)})

    def post(self, what):
        server, body = self.studio, json.loads(self.request.body or "{}")
        if what == "fault":
            server.faults.append({"times": 1} | body)
        elif what == "sockets":
            if body.get("drop"):
                for socket in list(server.sockets.values()):
                    socket.ws_connection.stream.close()
            if "accept" in body:
                server.takes_sockets = body["accept"]
            if "deliver" in body:
                (server.delivers.set if body["deliver"] else server.delivers.clear)()
            if "send" in body:
                for socket in server.sockets.values():
                    server.send(base64.b64decode(body["send"]) if body.get("binary") else body["send"], socket.sid)
        elif what == "hold":
            for name, is_held in body.items():
                (server.held[name].clear if is_held else server.held[name].set)()
        elif what == "nodes":
            server.known = {name for name in KNOWN if name not in body["without"]}
        self.reply({})


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", required=True, help="the folder of input, output and temp")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--old", action="store_true", help="behaves as 0.3.64")
    parser.add_argument("--cache-none", action="store_true")
    parser.add_argument("--without", default="", help="node types that it has not, comma-separated")
    parser.add_argument("--max-upload", type=int, default=104857600, help="bytes")
    parser.add_argument("--password", default="", help="user:password of a proxy in front")
    arguments = parser.parse_args()
    server = Server(arguments)
    routes = [
        (r"/prompt", Prompt), (r"/queue", QueueRoute), (r"/interrupt", Interrupt), (r"/history", History),
        (r"/history/([^/]+)", History), (r"/upload/image", Upload), (r"/view", View), (r"/object_info", ObjectInfo),
        (r"/object_info/([^/]+)", ObjectInfo), (r"/system_stats", SystemStats), (r"/features", Features),
        (r"/ws", Socket)]
    # Every route exists twice, but those of jobs.
    routes += [("/api" + path, handler) for path, handler in routes]
    routes += [(r"/api/jobs", Jobs), (r"/api/jobs/([^/]+)", Jobs), (r"/api/jobs/([^/]+)/cancel", JobCancel),
               (r"/_test/(\w+)", Test)]
    application = tornado.web.Application(routes, server=server, log_function=lambda _: None)
    sockets = tornado.netutil.bind_sockets(arguments.port, "127.0.0.1")
    http = tornado.httpserver.HTTPServer(application, max_body_size=1 << 30, max_buffer_size=1 << 30)
    http.add_sockets(sockets)
    threading.Thread(target=work, args=(server,), daemon=True).start()
    asyncio.ensure_future(server.deliver())
    print(f"listening on {sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
