"""ComfyUI's queue and its one executor thread, both in the memory of the process."""
import heapq
import json
import struct
import threading
import time
import traceback

from .nodes import KNOWN, Interrupted


def milliseconds():
    return int(time.time() * 1000)


class Queue:
    """Pending prompts in a heap, at most one that runs, and the history of those that ended."""

    def __init__(self):
        self.changed = threading.Condition()
        self.pending, self.running, self.history = [], [], {}

    def put(self, item):
        with self.changed:
            # As in ComfyUI: two items of one number and one id cannot be compared, which is found after the push.
            try:
                heapq.heappush(self.pending, item)
            finally:
                self.changed.notify()

    def take(self):
        with self.changed:
            while not self.pending:
                self.changed.wait()
            item = heapq.heappop(self.pending)
            self.running.append(item)
            return item

    def done(self, item, outputs, status, meta):
        with self.changed:
            self.running.remove(item)
            while len(self.history) > 10000:
                self.history.pop(next(iter(self.history)))
            self.history[item[1]] = {
                "prompt": list(item), "outputs": outputs, "status": status, "meta": meta}

    def delete(self, ids):
        with self.changed:
            before = len(self.pending)
            self.pending = [item for item in self.pending if item[1] not in ids]
            heapq.heapify(self.pending)
            return before != len(self.pending)

    @property
    def remaining(self):
        return len(self.pending) + len(self.running)


class Execution:
    """One prompt while it runs."""

    def __init__(self, server, item):
        self.server = server
        _, self.id, self.prompt, extra, self.outputs = item
        self.client = extra.get("client_id")
        self.text = json.dumps(self.prompt)
        self.messages, self.states, self.meta = [], {}, {}
        self.made, self.results, self.executed = {}, {}, []
        self.last, self.node, self.ticked = None, None, 0

    def tell(self, kind, data, to_all=False):
        if self.client is not None or to_all:
            self.server.tell(kind, data, self.client)

    def note(self, kind, data, to_all=False):
        data = {"prompt_id": self.id, **data, "timestamp": milliseconds()}
        self.messages.append([kind, data])
        self.tell(kind, data, to_all)

    def check(self):
        if self.server.interrupted:
            self.server.interrupted = False
            raise Interrupted()

    def state(self, node, value, top, state):
        self.states[node] = {
            "value": value, "max": top, "state": state, "node_id": node, "prompt_id": self.id, "display_node_id": node,
            "parent_node_id": None, "real_node_id": node}
        self.tell("progress_state", {"prompt_id": self.id, "nodes": dict(self.states)}, to_all=True)

    def tick(self, value, top, picture=None, is_told=False):
        self.check()
        now = time.monotonic()
        if picture is None and not is_told and value not in (1, top) and now - self.ticked < 0.1:
            return
        self.ticked = now
        self.state(self.node, value, top, "running")
        self.tell("progress", {"value": value, "max": top, "prompt_id": self.id, "node": self.node}, to_all=True)
        if picture is not None:
            self.server.show(picture, self.client, {
                "node_id": self.node, "prompt_id": self.id, "display_node_id": self.node, "parent_node_id": None,
                "real_node_id": self.node, "image_type": "image/png"})

    def say(self, text):
        node = self.node.encode()
        self.server.send(struct.pack(">II", 3, len(node)) + node + text.encode(), self.client)

    def signature(self, key):
        node = self.prompt[key]
        parts = []
        for name, value in sorted(node["inputs"].items()):
            if isinstance(value, list):
                parts.append((name, self.signature(value[0]), value[1]))
            elif node["class_type"] == "LoadImage":
                parts.append((name, value, self.server.digest(value)))
            else:
                parts.append((name, repr(value)))
        return (node["class_type"], key, tuple(parts))

    def order(self):
        done, order = set(), []

        def visit(key):
            if key in done:
                return
            done.add(key)
            for value in self.prompt[key]["inputs"].values():
                if isinstance(value, list):
                    visit(value[0])
            order.append(key)

        for output in self.outputs:
            visit(output)
        return order

    def run(self):
        """The outputs and the status; anything that is raised here ends the executor."""
        self.server.interrupted = False
        self.note("execution_start", {})
        # A node without inputs that leads nowhere passed the validation: this is where ComfyUI's executor dies of it.
        signatures = {key: (node["inputs"], self.signature(key))[1] for key, node in self.prompt.items()}
        order = self.order()
        cache = {} if self.server.keeps_nothing else self.server.cache
        cached = [key for key in order if signatures[key] in cache]
        self.note("execution_cached", {"nodes": cached})
        for key in order:
            if key in cached:
                self.results[key], shown = cache[signatures[key]]
                if shown is not None:
                    self.made[key] = shown
                    self.state(key, 1.0, 1.0, "finished")
                    self.executed_message(key, shown)
                continue
            try:
                self.check()
                self.execute(key, signatures[key], cache)
            except Interrupted:
                self.note("execution_interrupted", {
                    "node_id": key, "node_type": self.prompt[key]["class_type"], "executed": self.executed},
                    to_all=self.client is None)
                return self.finish("error", False)
            except Exception as error:
                kind = type(error)
                name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
                self.note("execution_error", {
                    "node_id": key, "node_type": self.prompt[key]["class_type"], "executed": self.executed,
                    "exception_message": f"{error}\n", "exception_type": name,
                    "traceback": traceback.format_tb(error.__traceback__),
                    "current_inputs": {"prompt": [self.text], "path": [self.server.base]},
                    "current_outputs": list(self.results)})
                return self.finish("error", False)
        self.note("execution_success", {})
        return self.finish("success", True)

    def finish(self, text, completed):
        meta = {key: {"node_id": key, "display_node": key, "parent_node": None, "real_node_id": key} for key in self.made}
        return self.made, {"status_str": text, "completed": completed, "messages": self.messages}, meta

    def executed_message(self, key, shown):
        self.tell("executed", {"node": key, "display_node": key, "output": shown, "prompt_id": self.id})

    def execute(self, key, signature, cache):
        node = self.prompt[key]
        kind = KNOWN[node["class_type"]]
        self.node = self.last = key
        self.server.last_node = key
        self.state(key, 0.0, 1.0, "running")
        self.tell("executing", {"node": key, "display_node": key, "prompt_id": self.id})
        values = {}
        for name, value in node["inputs"].items():
            if isinstance(value, list):
                values[name] = self.results[value[0]]
            elif name in kind.required or name in kind.optional:
                values[name] = value
        result = kind(self).do(**values)
        shown = None
        if isinstance(result, dict):
            shown = result["ui"]
            result = result.get("result")
        self.results[key] = result
        cache[signature] = (result, shown)
        self.executed.append(key)
        if shown is not None:
            self.made[key] = shown
            self.executed_message(key, shown)
        top = self.states[key]["max"]
        self.state(key, top, top, "finished")


def work(server):
    """The executor: ends for ever with anything that is not caught within a node."""
    while True:
        item = server.queue.take()
        server.status()
        server.started.append(item[1])
        execution = Execution(server, item)
        outputs, status, meta = execution.run()
        server.wait_for("history")
        server.queue.done(item, outputs, status, meta)
        server.status()
        execution.tell("executing", {"node": None, "prompt_id": item[1]})
