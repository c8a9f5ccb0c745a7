import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Clock } from "../../static/js/desk/clock.js";
import { isSameRating } from "../../static/js/desk/scores.js";

beforeEach(() => mock.timers.enable({ apis: ["setInterval", "Date"] }));
afterEach(() => mock.timers.reset());

test("ratings are equal as numbers and as text, in any order", () => {
  const page = { scores: { a: "4", b: "1" }, rationales: { a: "Warm." } };
  const server = { scores: { b: 1, a: 4 }, rationales: { a: "Warm." } };
  assert.ok(isSameRating(page, server));
  assert.ok(!isSameRating(page, { ...server, rationales: {} }));
  assert.ok(!isSameRating(page, { ...server, scores: { a: 4 } }));
  assert.ok(isSameRating({}, { scores: {}, rationales: {} }));
  assert.ok(!isSameRating(null, server));
});

/** Second by second: a mocked clock jumps to the end of a longer step at once. */
function pass(seconds) {
  for (let i = 0; i < seconds; i += 1) mock.timers.tick(1000);
}

function openPage() {
  return Object.assign(new EventTarget(), { hidden: false });
}

test("the clock counts on from the seconds before", () => {
  const clock = new Clock(openPage());
  clock.begin(12.5);
  pass(3);
  assert.equal(clock.seconds, 15.5);
});

test("the clock stops after half a minute without a sign of work, and goes on with one", () => {
  const page = openPage();
  const clock = new Clock(page);
  clock.begin(0);
  pass(90);
  assert.equal(clock.seconds, 29);
  page.dispatchEvent(new Event("scroll"));
  pass(5);
  assert.equal(clock.seconds, 34);
});

test("the clock does not run while the page is hidden or has no item", () => {
  const page = openPage();
  const clock = new Clock(page);
  pass(5);
  assert.equal(clock.seconds, 0);
  clock.begin(0);
  page.hidden = true;
  pass(5);
  page.hidden = false;
  pass(2);
  clock.stop();
  pass(5);
  assert.equal(clock.seconds, 2);
});
