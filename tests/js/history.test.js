import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { History } from "../../static/js/rubric/history.js";
import { openPage } from "./browser.js";

const text = (name) => ({ name });
let clock, history;

beforeEach(() => {
  openPage();
  clock = 0;
  history = new History(text("Warmth"), () => clock);
});

function record(name, change = {}) {
  history.record(text(name), { label: `Name ${name}`, ...change });
}

test("undo and redo walk over the texts and say what was done where", () => {
  record("Calm", { at: { uid: "a", path: "criteria[0].name" } });
  record("Safety");
  assert.equal(history.undo().label, "Name Safety");
  const { text: before, label, at } = history.undo();
  assert.deepEqual([before.name, label, at.uid], ["Warmth", "Name Calm", "a"]);
  assert.equal(history.undo(), null);
  assert.equal(history.redo().text.name, "Calm");
  assert.equal(history.redo().text.name, "Safety");
  assert.equal(history.redo(), null);
});

test("typing in one field is undone in one go, if it is quick", () => {
  record("C", { key: "name" });
  clock += 1000;
  record("Ca", { key: "name" });
  clock += 1500;
  record("Calm", { key: "name" });
  assert.equal(history.undo().text.name, "Ca");
  assert.equal(history.undo().text.name, "Warmth");
});

test("other fields and changes after an undo are steps of their own", () => {
  record("C", { key: "name" });
  record("Ca", { key: "title" });
  assert.equal(history.done.length, 2);
  history.undo();
  record("Cb", { key: "title" });
  assert.deepEqual([history.done.length, history.undone.length], [2, 0]);
});

test("a change that changes nothing is no step", () => {
  record("Warmth");
  assert.equal(history.done.length, 0);
});

test("at most 200 steps are kept", () => {
  for (let i = 0; i < 250; i += 1) record(`Name ${i}`);
  assert.equal(history.done.length, 200);
});

test("a reload goes on with the history of the same text, once", () => {
  record("Calm");
  history.keep("key");
  const again = new History(text("Calm"));
  again.restore("key");
  assert.equal(again.undo().text.name, "Warmth");
  const third = new History(text("Calm"));
  third.restore("key");
  assert.equal(third.undo(), null);
});

test("the history of another text is not taken up", () => {
  record("Calm");
  history.keep("key");
  const other = new History(text("Changed elsewhere"));
  other.restore("key");
  assert.equal(other.undo(), null);
});

test("of a long history the newest steps are kept, and a full browser keeps none", () => {
  const long = "x".repeat(900_000);
  for (const name of ["1", "2", "3"]) record(name + long);
  history.keep("key");
  const again = new History(text(`3${long}`));
  again.restore("key");
  assert.deepEqual(
    again.done.map(({ label }) => label.slice(0, 6)),
    ["Name 3"],
  );
  sessionStorage.refuses = true;
  history.keep("key");
});
