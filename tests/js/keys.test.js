import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { onKey } from "../../static/js/desk/keys.js";
import { keyOf } from "../../static/js/lib/keys.js";
import { listenForKeys } from "../../static/js/rubric/keys.js";

const key = (pressed, code, more = {}) => keyOf({ key: pressed, code, shiftKey: false, ...more });

test("a letter, a digit and a question mark are what they say, wherever they lie", () => {
  assert.equal(key("a", "KeyQ"), "a");
  assert.equal(key("S", "KeyS", { shiftKey: true }), "s");
  assert.equal(key("1", "Digit1", { shiftKey: true }), "1");
  assert.equal(key("?", "KeyM", { shiftKey: true }), "?");
  assert.equal(key("Enter", "Enter"), "enter");
  assert.equal(key("ArrowUp", "ArrowUp"), "arrowup");
});

test("digits by position on a French and an Arabic keyboard", () => {
  assert.equal(key("&", "Digit1"), "1");
  assert.equal(key("é", "Digit2"), "2");
  assert.equal(key("à", "Digit0"), "0");
  assert.equal(key("٤", "Digit4"), "4");
  assert.equal(key("٤", "Numpad4"), "4");
});

test("what is typed with Shift, and a key of the number pad without numbers, is no digit", () => {
  assert.equal(key("!", "Digit1", { shiftKey: true }), "!");
  assert.equal(key("End", "Numpad1"), "end");
});

test("letters by position on keyboards of other scripts", () => {
  assert.equal(key("ы", "KeyS"), "s");
  assert.equal(key("Я", "KeyZ", { shiftKey: true }), "z");
  assert.equal(key("ش", "KeyA"), "a");
  assert.equal(key("Dead", "KeyN"), "n");
  assert.equal(key("؟", "Slash", { shiftKey: true }), "?");
  assert.equal(key("х", "BracketLeft"), "[");
});

test("a comma stays a comma where another keyboard has a letter", () => {
  assert.equal(key(",", "KeyW"), ",");
});

let done;
const item = {
  isBusy: false,
  canUndo: true,
  criteria: {
    levelFor: (pressed) => (pressed === "4" ? "level 4" : null),
    choose: (level) => done.push(level),
  },
  undo: () => done.push("undo"),
  form: { requestSubmit: () => done.push("submit") },
  root: { contains: () => false },
};
const commands = { s: () => done.push("skip") };
const target = { closest: () => null, matches: () => false };

function press(pressed, code, more = {}) {
  const event = { key: pressed, code, target, isPrevented: false, ...more };
  event.preventDefault = () => {
    event.isPrevented = true;
  };
  onKey(event, item, commands);
  return event;
}

beforeEach(() => {
  globalThis.document = { body: { dataset: {} }, querySelector: () => null };
  done = [];
});

test("a key that is held acts once", () => {
  for (const [pressed, code, more] of [
    ["4", "Digit4", {}],
    ["s", "KeyS", {}],
    ["Enter", "Enter", {}],
    ["z", "KeyZ", { ctrlKey: true }],
  ]) {
    press(pressed, code, more);
    // The browser is kept from what it would do with it.
    assert.ok(press(pressed, code, { ...more, repeat: true }).isPrevented);
  }
  assert.deepEqual(done, ["level 4", "skip", "submit", "undo"]);
});

test("in the editor, too, but undo goes on", () => {
  let hear;
  globalThis.document.addEventListener = (_name, listener) => {
    hear = listener;
  };
  listenForKeys({
    draft: {},
    undo: { undo: () => done.push("undo") },
    actions: { add: () => done.push("add") },
    save: () => done.push("save"),
    score: () => done.push("score"),
  });
  for (const [pressed, code, ctrlKey] of [
    ["n", "KeyN", false],
    ["s", "KeyS", true],
    ["Enter", "Enter", true],
    ["z", "KeyZ", true],
  ])
    for (const repeat of [false, true, true])
      hear({ key: pressed, code, ctrlKey, repeat, target, preventDefault() {} });
  assert.deepEqual(done, ["add", "save", "score", "undo", "undo", "undo"]);
});

test("the desk hears keys by position", () => {
  press("٤", "Digit4");
  press("ы", "KeyS");
  press("я", "KeyZ", { ctrlKey: true });
  assert.deepEqual(done, ["level 4", "skip", "undo"]);
});

test("other keys are left to the browser", () => {
  for (const pressed of ["9", "q", "F5", "Tab"]) assert.ok(!press(pressed, "").isPrevented);
  assert.deepEqual(done, []);
});
