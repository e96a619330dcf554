import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "../src/core/turns";

const shelf = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
const asked: { url: string; answer: (value: unknown, status?: number) => void }[] = [];
class FakeSocket {
  static last: FakeSocket | null = null;
  onopen: (() => void) | null = null; onmessage: ((event: { data: string }) => void) | null = null; onclose: (() => void) | null = null;
  constructor() { FakeSocket.last = this; }
  send() { /* Nobody listens. */ }
  close() { /* Nothing is open. */ }
  tell(event: object) { this.onmessage?.({ data: JSON.stringify(event) }); }
}
Object.assign(globalThis, {
  localStorage: shelf, sessionStorage: shelf, location: { protocol: "http:", host: "studio" }, WebSocket: FakeSocket,
  fetch: (url: string) => new Promise((resolve) => asked.push({ url, answer: (value, status = 200) => resolve(new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } })) })),
});
const { signedIn } = await import("../src/api/session");
const { JobFeed } = await import("../src/api/jobs");
const { TakeFeed } = await import("../src/api/takes");
signedIn("ann", "ann", "2999-01-01T00:00:00Z", true);

const settle = async (times = 5) => { for (let i = 0; i < times; i += 1) await new Promise((resolve) => setTimeout(resolve, 0)); };
const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const page = (items: object[], nextCursor: string | null = null) => ({ items, nextCursor });
const job = (id: string, state: string) => ({ id, state, project: "film" });
const next = (part: string) => {
  const at = asked.findIndex((one) => one.url.includes(part));
  assert.ok(at >= 0, `nothing asked for ${part}: ${asked.map((one) => one.url).join(" ")}`);
  return (asked.splice(at, 1)[0] as (typeof asked)[0]).answer;
};
let number = 0;
const tell = (state: string, id = "a") => FakeSocket.last?.tell({ type: "job.state", id: `${number += 1}`, project: "film", job: id, state });

test("a job that ended while it was asked for does not come back as running", async () => {
  const feed = new JobFeed({ projects: ["film"], states: ["running"] });
  const stop = feed.start();
  FakeSocket.last?.onopen?.();
  next("/jobs?")(page([]));
  await settle();
  tell("running");
  await after(150);
  const answer = next("/jobs/a");
  tell("succeeded");
  answer(job("a", "running"));
  await settle();
  assert.deepEqual([...feed.store.get().jobs.keys()], []);
  stop();
});

test("a list that was read before something ended does not bring it back, and keeps what came since", async () => {
  const feed = new JobFeed({ projects: ["film"], states: ["running"] });
  const stop = feed.start();
  next("/jobs?")(page([job("a", "running")]));
  await settle();
  feed.reload();
  const answer = next("/jobs?");
  tell("succeeded");
  feed.put(job("b", "running") as never);
  answer(page([job("a", "running")]));
  await settle();
  assert.deepEqual([...feed.store.get().jobs.keys()], ["b"]);
  stop();
});

test("of lists that are read at a time the last that was asked for counts", async () => {
  const feed = new JobFeed({ projects: ["film"], states: ["running"] });
  const stop = feed.start();
  const first = next("/jobs?");
  feed.reload();
  next("/jobs?")(page([job("new", "running")]));
  await settle();
  first(page([job("old", "running")], "more"));
  await settle();
  assert.deepEqual([...feed.store.get().jobs.keys()], ["new"]);
  assert.equal(feed.store.get().hasMore, false);
  stop();
});

const take = (id: string) => ({ id, shot: "S", mediaType: "video/mp4", links: {}, job: "j", project: "film", version: 1, number: 1, fileName: id, path: id, circled: false, revision: 1, createdAt: "" });

test("a page of takes that arrives after the list was read anew skips none", async () => {
  const feed = new TakeFeed("film", null);
  const stop = feed.start();
  next("/takes?")(page([take("a")], "2"));
  await settle();
  feed.more();
  const late = next("cursor=2");
  feed.reload();
  next("/takes?")(page([take("a")], "2"));
  await settle();
  late(page([take("b")], "3"));
  await settle();
  assert.deepEqual([...feed.store.get().takes.keys()], ["a"]);
  feed.more();
  next("cursor=2")(page([take("b")], null));
  await settle();
  assert.deepEqual([...feed.store.get().takes.keys()], ["a", "b"]);
  stop();
});

test("a page that failed is not asked for by itself, and again when somebody asks", async () => {
  const feed = new TakeFeed("film", null);
  const stop = feed.start();
  next("/takes?")({}, 500);
  await settle();
  assert.equal(feed.store.get().started, false);
  feed.again();
  next("/takes?")(page([take("a")], "2"));
  await settle();
  feed.more();
  next("cursor=2")({}, 500);
  await settle();
  assert.notEqual(feed.store.get().error, null);
  feed.more();
  assert.equal(asked.length, 0);
  feed.again();
  next("cursor=2")(page([take("b")], null));
  await settle();
  assert.deepEqual([...feed.store.get().takes.keys()], ["a", "b"]);
  assert.equal(feed.store.get().error, null);
  stop();
});

test("what was asked for before everything was read says nothing new", () => {
  const turns = new Turns(), before = turns.ask(), all = turns.ask();
  turns.all(all);
  assert.equal(turns.takes("a", before), false);
  assert.equal(turns.takes("a", turns.ask()), true);
});
