import assert from "node:assert/strict";
import { test } from "node:test";
import { everything, EventStream, type RawEvent, type Socket } from "../src/core/stream";

class FakeSocket implements Socket {
  sent: { type: string; project?: string; all?: boolean; since?: string }[] = [];
  isClosed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  send(text: string) { this.sent.push(JSON.parse(text)); }
  close() { this.isClosed = true; }
  say(event: object) { this.onmessage?.({ data: JSON.stringify(event) }); }
}

function setUp() {
  const sockets: FakeSocket[] = [], states: string[] = [], heard: RawEvent[] = [], resyncs: string[] = [];
  const timers: { after: number; then: () => void; off: boolean }[] = [];
  let expired = 0;
  const stream = new EventStream({
    connect() { const socket = new FakeSocket(); sockets.push(socket); return socket; },
    later(after, then) { const timer = { after, then, off: false }; timers.push(timer); return () => { timer.off = true; }; },
    chance: () => 1, onState: (state) => states.push(state), onExpired: () => { expired += 1; },
  });
  stream.listen((event) => heard.push(event));
  stream.onResync((project) => resyncs.push(project));
  const fire = (most: number) => { for (const timer of timers.filter((one) => !one.off && one.after <= most)) { timer.off = true; timer.then(); } };
  return { stream, sockets, states, heard, resyncs, fire, expired: () => expired, last: () => sockets[sockets.length - 1] as FakeSocket };
}
const event = (id: string) => ({ type: "job.state", id, project: "film", job: "j", state: "queued" });

test("one connection serves all projects, and ends with the last", () => {
  const { stream, sockets, last } = setUp();
  const one = stream.follow("film"), two = stream.follow("film"), three = stream.follow("other");
  last().onopen?.();
  assert.equal(sockets.length, 1);
  assert.deepEqual(last().sent.map((sent) => sent.project), ["film", "other"]);
  one(); one(); two();
  assert.deepEqual(last().sent.slice(2), [{ type: "unsubscribe", project: "film" }]);
  three();
  assert.ok(last().isClosed);
});

test("what was missed is asked for after the last durable event, and told once", () => {
  const { stream, sockets, heard, states, fire, last } = setUp();
  stream.follow("film");
  last().onopen?.();
  last().say({ type: "subscribed", project: "film", newest: "5" });
  last().say(event("6"));
  last().say({ type: "job.progress", project: "film", job: "j", attempt: 1, progress: 0.5 });
  last().onclose?.({ code: 1012 });
  assert.equal(states[states.length - 1], "waiting");
  fire(500);
  assert.equal(sockets.length, 2);
  last().onopen?.();
  assert.deepEqual(last().sent, [{ type: "subscribe", project: "film", since: "6" }]);
  last().say(event("6"));
  last().say(event("7"));
  assert.deepEqual(heard.map((one) => one.id ?? one.type), ["6", "job.progress", "7"]);
});

test("before anything came, the newest event of the first answer is where one goes on", () => {
  const { stream, fire, last, resyncs } = setUp();
  stream.follow("film");
  last().onopen?.();
  last().say({ type: "subscribed", project: "film", newest: "5" });
  assert.deepEqual(resyncs, ["film"]);
  last().onclose?.({ code: 1006 });
  fire(500);
  last().onopen?.();
  assert.equal(last().sent[0]?.since, "5");
});

test("pauses grow while nothing answers, and somebody who comes back does not wait", () => {
  const { stream, sockets, fire, last } = setUp();
  stream.follow("film");
  last().onclose?.({ code: 1006 });
  fire(500);
  last().onclose?.({ code: 1006 });
  fire(500);
  assert.equal(sockets.length, 2, "the second pause is longer than the first");
  stream.wake();
  assert.equal(sockets.length, 3);
});

test("a token that has ended is told, and not tried again", () => {
  const { stream, sockets, fire, expired, last } = setUp();
  stream.follow("film");
  last().onopen?.();
  last().onclose?.({ code: 4401 });
  fire(60_000);
  assert.equal(expired(), 1);
  assert.equal(sockets.length, 1);
  stream.wake();
  assert.equal(sockets.length, 2);
});

test("a network that says nothing is asked, and given up where it does not answer", () => {
  const { stream, sockets, fire, last } = setUp();
  stream.follow("film");
  last().onopen?.();
  last().say({ type: "subscribed", project: "film", newest: "1" });
  fire(25_000);
  assert.equal(last().sent.length, 2);
  last().say({ type: "subscribed", project: "film", newest: "1" });
  fire(10_000);
  assert.equal(sockets.length, 1, "an answer in time keeps it");
  fire(25_000);
  fire(10_000);
  fire(15_000);
  assert.equal(sockets.length, 2);
});

test("a place the server does not know any more is left, and everything is read anew", () => {
  const { stream, resyncs, last } = setUp();
  stream.follow("film");
  last().onopen?.();
  last().say(event("9"));
  last().say({ type: "error", code: "invalid", detail: "since" });
  assert.deepEqual(last().sent[1], { type: "subscribe", project: "film" });
  last().say({ type: "subscribed", project: "film", newest: "12" });
  assert.deepEqual(resyncs, ["film"]);
});

test("a network that the browser says is gone is given up at once, and come back from with what was missed", () => {
  const { stream, sockets, states, fire, last } = setUp();
  stream.follow("film");
  last().onopen?.();
  last().say({ type: "subscribed", project: "film", newest: "5" });
  stream.lost();
  assert.ok(sockets[0]?.isClosed);
  assert.equal(states[states.length - 1], "waiting");
  // Where the gateway is on this very machine, it answers all the same.
  fire(500);
  last().onopen?.();
  assert.deepEqual(last().sent, [{ type: "subscribe", project: "film", since: "5" }]);
  stream.close();
  stream.lost();
  assert.equal(sockets.length, 2);
});

test("all projects are followed beside one, and read anew when the connection was gone", () => {
  const { stream, sockets, heard, resyncs, fire, last } = setUp();
  const end = stream.follow(everything);
  stream.follow("film");
  last().onopen?.();
  assert.deepEqual(last().sent, [{ type: "subscribe", all: true }, { type: "subscribe", project: "film" }]);
  last().say({ type: "subscribed", all: true, newest: "5" });
  last().say({ type: "subscribed", project: "film", newest: "5" });
  assert.deepEqual(resyncs, [everything, "film"]);
  last().say({ ...event("6"), project: "another" });
  assert.deepEqual(heard.map((one) => one.project), ["another"]);
  last().onclose?.({ code: 1012 });
  fire(500);
  assert.equal(sockets.length, 2);
  last().onopen?.();
  // What was missed of all is not asked for: it is read anew.
  assert.deepEqual(last().sent, [{ type: "subscribe", all: true }, { type: "subscribe", project: "film", since: "5" }]);
  last().say({ type: "subscribed", all: true, newest: "9" });
  assert.deepEqual(resyncs, [everything, "film", everything]);
  end();
  assert.deepEqual(last().sent.slice(2), [{ type: "unsubscribe", all: true }]);
});

test("asking whether anybody is there loses nothing", () => {
  const { stream, resyncs, fire, last } = setUp();
  stream.follow("film");
  last().onopen?.();
  last().say({ type: "subscribed", project: "film", newest: "5" });
  fire(25_000);
  last().say({ type: "error", code: "conflict", detail: "subscribed already" });
  assert.deepEqual(resyncs, ["film"]);
  last().onclose?.({ code: 1012 });
  fire(500);
  last().onopen?.();
  assert.deepEqual(last().sent, [{ type: "subscribe", project: "film", since: "5" }]);
});
