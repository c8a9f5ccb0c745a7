import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Submission } from "../../static/js/desk/submission.js";

const LOST = { status: 0, responseText: "" };

let form, said, saver, sent, submission;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.document = { activeElement: null };
  sent = said = null;
  const part = { setAttribute() {} };
  form = {
    ...part,
    inert: false,
    active_seconds: {},
    revision: {},
    contains: () => false,
    querySelector: () => part,
    requestSubmit: () => {
      sent += 1;
    },
  };
  saver = {
    revision: 3,
    isHeld: false,
    store() {},
    discardStored() {},
    release() {
      saver.isHeld = false;
    },
    async holdAndWait() {
      saver.isHeld = true;
    },
  };
  sent = 0;
  const criteria = { missing: () => [], showProblem: (text) => (said = text) };
  const draft = {
    autosaver: saver,
    say: (_state, text, actions = []) => (said = { text, actions }),
    change: () => (said = "changed"),
  };
  submission = new Submission(form, criteria, draft, { seconds: 5 });
});
afterEach(() => mock.timers.reset());

async function handIn(xhr) {
  assert.ok(submission.mayBegin());
  await submission.prepare();
  submission.failed(xhr);
}

test("a rating that did not arrive is sealed, and sent again as it is", async () => {
  await handIn(LOST);
  assert.match(said.text, /^Not sent, trying again in 5 s\./);
  assert.ok(form.inert && saver.isHeld && submission.isWaiting);
  assert.match(submission.whyBusy, /is waiting for the connection/);
  mock.timers.tick(5000);
  assert.equal(sent, 1);
  await handIn({ status: 503, responseText: "" });
  assert.ok(form.inert && submission.isWaiting);
});

test("the connection is back, or Enter is pressed: it is sent at once, and once", async () => {
  submission.sendAgain();
  assert.equal(sent, 0);
  await handIn(LOST);
  submission.sendAgain();
  assert.equal(sent, 1);
  await submission.prepare();
  mock.timers.tick(60_000);
  assert.equal(sent, 1);
  assert.ok(!submission.mayBegin());
});

test("the person opens a waiting rating: it is theirs again and goes nowhere", async () => {
  await handIn(LOST);
  const [[label, open]] = said.actions;
  assert.equal(label, "Change it");
  open();
  assert.equal(said, "changed");
  assert.ok(!form.inert && !saver.isHeld && !submission.isWaiting);
  mock.timers.tick(60_000);
  assert.equal(sent, 0);
});

test("a refusal opens the rating and says why", async () => {
  const detail = "Not submitted: you rated this in another window.";
  await handIn({ status: 409, responseText: JSON.stringify({ code: "submitted", detail }) });
  assert.ok(!form.inert && !submission.isWaiting);
  assert.equal(said, detail);
});

test("who leaves the item takes the attempt along", async () => {
  await handIn(LOST);
  submission.stop();
  mock.timers.tick(60_000);
  assert.equal(sent, 0);
});
