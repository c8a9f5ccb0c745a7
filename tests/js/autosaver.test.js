import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Autosaver } from "../../static/js/lib/autosaver.js";
import { fakeServer, openPage, settled } from "./browser.js";

const KEY = "draft-1";

/** A page with one text; `said` is what the autosaver told it. */
class Page {
  text = "first";
  said = [];
  content = () => ({ text: this.text });
  request = (content, revision) => ({ content, revision });
  contentOf = (reply) => reply.content;
  isSame = (one, other) => one?.text === other?.text;
  changed = () => this.said.push("changed");
  sending = () => this.said.push("sending");
  saved = ({ revision }) => this.said.push(`saved ${revision}`);
  adopted = ({ revision }) => this.said.push(`adopted ${revision}`);
  retrying = (seconds, reason) =>
    this.said.push(`retry in ${seconds}${reason ? ` ${reason}` : ""}`);
  refused = ({ status }) => this.said.push(`refused ${status}`);
  conflict = ({ revision }) => this.said.push(`conflict ${revision}`);

  /** What was said since the last look. */
  heard() {
    return this.said.splice(0);
  }
}

let page, requests, saver, win;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  openPage();
  requests = fakeServer();
  page = new Page();
  win = new EventTarget();
  saver = open();
});
afterEach(() => mock.timers.reset());

function open() {
  return new Autosaver(
    {
      url: "/save/",
      storageKey: KEY,
      revision: 1,
      base: { text: "first" },
      pauseMs: 600,
      retryAfterS: [5, 10],
      page,
    },
    win,
  );
}

function type(text) {
  page.text = text;
  saver.changed();
}

async function wait(ms) {
  mock.timers.tick(ms);
  await settled();
}

/** Type and let it be sent; the request is the last of `requests`. */
async function send(text) {
  type(text);
  await wait(600);
  return requests.at(-1);
}

test("what is typed in one go is sent once, after the pause", async () => {
  type("f");
  await wait(500);
  type("fi");
  await wait(599);
  assert.equal(requests.length, 0);
  await wait(1);
  assert.deepEqual(
    requests.map(({ data }) => data),
    [{ content: { text: "fi" }, revision: 1 }],
  );
  await requests[0].answer(200, { revision: 2 });
  assert.deepEqual(page.heard(), ["changed", "changed", "sending", "saved 2"]);
  await wait(60_000);
  assert.equal(requests.length, 1);
});

test("the browser keeps the text until the server has it", async () => {
  const request = await send("typed");
  assert.deepEqual(saver.stored(), {
    content: { text: "typed" },
    base: { text: "first" },
    revision: 1,
  });
  await request.answer(200, { revision: 2 });
  assert.equal(saver.stored(), null);
  assert.deepEqual([saver.revision, saver.base], [2, { text: "typed" }]);
});

test("a browser that stores nothing is noticed and stops nothing", async () => {
  localStorage.refuses = true;
  const request = await send("typed");
  assert.equal(saver.isStored, false);
  await request.answer(200, { revision: 2 });
  assert.ok(page.heard().includes("saved 2"));
});

test("what is typed while a save is on its way is sent after it, by its revision", async () => {
  const request = await send("one");
  type("one two");
  await wait(600);
  assert.equal(requests.length, 1);
  await request.answer(200, { revision: 2 });
  assert.deepEqual(requests[1].data, { content: { text: "one two" }, revision: 2 });
  assert.equal(saver.stored().revision, 2);
});

test("a lost request is sent again after growing waits that are counted down", async () => {
  await (await send("typed")).lose();
  page.heard();
  await wait(4_000);
  assert.deepEqual(page.heard(), ["retry in 4", "retry in 3", "retry in 2", "retry in 1"]);
  await wait(1_000);
  assert.equal(requests.length, 2);
  await requests[1].answer(503, null);
  assert.deepEqual(page.heard(), ["sending", "retry in 10"]);
  await wait(10_000);
  await requests[2].answer(200, { revision: 2 });
  assert.equal(page.heard().at(-1), "saved 2");
  // The next failure begins with the first wait again.
  await (await send("more")).lose();
  assert.equal(page.heard().at(-1), "retry in 5");
});

test("a request without an answer is given up after 20 s", async () => {
  await send("typed");
  await wait(20_000);
  assert.equal(page.heard().at(-1), "retry in 5");
});

test("typing and coming online end the wait for the next attempt", async () => {
  await (await send("typed")).lose();
  await (await send("typed more")).lose();
  assert.equal(requests.length, 2);
  win.dispatchEvent(new Event("online"));
  await settled();
  assert.equal(requests.length, 3);
});

test("leaving the page sends what is unsaved, and nothing where all is saved", async () => {
  win.dispatchEvent(new Event("pagehide"));
  assert.equal(requests.length, 0);
  type("typed");
  win.dispatchEvent(new Event("pagehide"));
  assert.equal(requests.length, 1);
  assert.equal(requests[0].options.keepalive, true);
});

test("a refusal is shown, is not sent again by itself and stays stored", async () => {
  await (await send("typed")).answer(403, { detail: "No." });
  assert.equal(page.heard().at(-1), "refused 403");
  await wait(60_000);
  assert.equal(requests.length, 1);
  assert.equal(saver.stored().content.text, "typed");
});

test("a text that somebody else saved is a conflict, and nothing is sent until it is settled", async () => {
  const request = await send("mine");
  await request.answer(409, { code: "stale", revision: 5, content: { text: "theirs" } });
  assert.equal(page.heard().at(-1), "conflict 5");
  type("mine still");
  win.dispatchEvent(new Event("online"));
  await wait(60_000);
  assert.equal(requests.length, 1);
  assert.equal(saver.stored().content.text, "mine still");
  assert.equal(await saver.save(), false);
  saver.continueFrom(5, { text: "theirs" });
  saver.changed();
  await wait(600);
  assert.deepEqual(requests[1].data, { content: { text: "mine still" }, revision: 5 });
});

test("the page's own text, whose answer got lost, is no conflict", async () => {
  await (await send("mine")).lose();
  const again = await send("mine");
  await again.answer(409, { code: "stale", revision: 2, content: { text: "mine" } });
  assert.equal(page.heard().at(-1), "adopted 2");
  assert.deepEqual([saver.isDirty, saver.revision, saver.stored()], [false, 2, null]);
});

test("an earlier text of the page's own is gone on from", async () => {
  await (await send("mine")).lose();
  const again = await send("mine and more");
  await again.answer(409, { code: "stale", revision: 2, content: { text: "mine" } });
  assert.deepEqual(requests[2].data, { content: { text: "mine and more" }, revision: 2 });
});

test("save says whether the server has the text as it is now", async () => {
  assert.equal(await saver.save(), true);
  type("typed");
  const isSaved = saver.save();
  await requests[0].answer(200, { revision: 2 });
  assert.equal(await isSaved, true);
  type("more");
  const isLost = saver.save();
  await requests[1].lose();
  assert.equal(await isLost, false);
});

test("holding waits for what is on its way and sends nothing after it", async () => {
  await send("one");
  type("one two");
  await wait(600);
  let isThere = false;
  saver.holdAndWait().then(() => {
    isThere = true;
  });
  await settled();
  assert.equal(isThere, false);
  await requests[0].answer(200, { revision: 2 });
  assert.equal(isThere, true);
  await wait(60_000);
  assert.equal(requests.length, 1);
});

test("a stopped autosaver sends once more and then forgets what arrived", async () => {
  type("typed");
  saver.stop();
  assert.equal(requests.length, 1);
  page.heard();
  await requests[0].answer(200, { revision: 2 });
  assert.deepEqual(page.heard(), []);
  assert.equal(saver.stored(), null);
  win.dispatchEvent(new Event("online"));
  await wait(60_000);
  assert.equal(requests.length, 1);
});

test("what another page stored meanwhile is left to it", async () => {
  type("typed");
  saver.stop();
  localStorage.setItem(KEY, JSON.stringify({ content: { text: "newer" }, revision: 2 }));
  await requests[0].answer(200, { revision: 2 });
  assert.equal(saver.stored().content.text, "newer");
});

test("an abandoned text is neither sent nor stored", async () => {
  type("typed");
  saver.abandon();
  saver.stop();
  await wait(60_000);
  assert.equal(requests.length, 0);
  assert.equal(saver.stored(), null);
});

test("what an earlier page kept is taken up from where it was made", async () => {
  type("kept");
  saver = open();
  page.text = saver.stored().content.text;
  saver.resume({ base: { text: "zero" }, revision: 7 });
  saver.save();
  assert.deepEqual(requests[0].data, { content: { text: "kept" }, revision: 7 });
});
