import assert from "node:assert/strict";
import { test } from "node:test";

import { newId } from "../../static/js/lib/id.js";
import {
  addLevel,
  canCap,
  changeVeto,
  dropFromVetoes,
  duplicate,
  levelValues,
  move,
  moveTo,
  newCriterion,
  numberFrom,
  removeLevel,
  resetVeto,
  same,
  setKind,
  setScale,
  setTags,
  share,
  sortedLevels,
  vetoOf,
} from "../../static/js/rubric/text.js";

const rubric = (...criteria) => ({ formula: "weighted_mean", criteria });

function criterion(fields = {}) {
  return {
    ...newCriterion(rubric()),
    name: "Warmth",
    levels: [3, 1, 2].map((value) => ({ value, label: `L${value}`, anchor: `A${value}` })),
    exemplars: [1, 2, 3].map((level) => ({ level, text: `E${level}`, context: "" })),
    gate: 2,
    ...fields,
  };
}

test("tags are what stands between commas, each once; a criterion without any has no such field", () => {
  const one = criterion();
  setTags(one, " axis:accuracy, level:example ,,axis:accuracy");
  assert.deepEqual(one.tags, ["axis:accuracy", "level:example"]);
  setTags(one, " , ");
  assert.equal("tags" in one, false);
});

const values = (one) => one.levels.map(({ value }) => value);

test("an id is a random UUID of version 4", () => {
  const id = newId();
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(id, newId());
});

test("a new criterion weighs as much as the others on average", () => {
  const text = rubric(
    criterion({ weight: 2 }),
    criterion({ weight: 5 }),
    criterion({ kind: "check", weight: 90 }),
  );
  assert.equal(newCriterion(text).weight, 4);
  assert.equal(newCriterion(rubric()).weight, 1);
  assert.deepEqual(values(newCriterion(text)), [1, 2, 3]);
});

test("a new criterion of HealthBench has points and no levels", () => {
  const { scale, levels, points } = newCriterion({ formula: "healthbench", criteria: [] });
  assert.deepEqual([scale, levels, points], ["points", [], 1]);
});

test("levels that a scale does not have are dropped, and the gate with them", () => {
  const one = criterion();
  setScale(one, "binary");
  assert.deepEqual([one.levels, one.exemplars, one.gate], [[], [], null]);
  setScale(one, "levels");
  assert.deepEqual(values(one), [1, 2, 3]);
});

test("levels 0 and 1 fit every scale", () => {
  const levels = [0, 1].map((value) => ({ value, label: "", anchor: `A${value}` }));
  const one = criterion({ levels, exemplars: [], gate: 1 });
  setScale(one, "binary");
  assert.deepEqual([values(one), one.gate], [[0, 1], 1]);
});

test("a check passes or fails and is no gate", () => {
  const one = criterion();
  setKind(one, "check");
  assert.deepEqual([one.kind, one.scale, one.gate], ["check", "binary", null]);
  setKind(one, "judge");
  assert.equal(one.scale, "levels");
});

test("a copy shares nothing with the original", () => {
  const one = criterion();
  const copy = duplicate(one);
  assert.equal(copy.name, "Warmth (copy)");
  assert.notEqual(copy.uid, one.uid);
  assert.notEqual(copy.meaning_id, one.meaning_id);
  copy.levels[0].label = "Changed";
  assert.equal(one.levels[0].label, "L3");
  assert.equal(duplicate(criterion({ name: "n".repeat(200) })).name.length, 200);
});

test("an item moves inside its list only", () => {
  const list = ["a", "b", "c"];
  assert.equal(move(list, 0, -1), false);
  assert.equal(move(list, 2, 1), false);
  assert.equal(move(list, -1, 1), false);
  assert.equal(move(list, 0, 1), true);
  assert.deepEqual(list, ["b", "a", "c"]);
});

test("an item is put before another one", () => {
  const moved = (from, to) => {
    const list = ["a", "b", "c"];
    return [moveTo(list, from, to), list.join("")];
  };
  assert.deepEqual(moved(0, 3), [true, "bca"]);
  assert.deepEqual(moved(2, 0), [true, "cab"]);
  assert.deepEqual(moved(1, 1), [false, "abc"]);
  assert.deepEqual(moved(1, 2), [false, "abc"]);
});

test("a removed criterion leaves the vetoes; one that held for it alone is as by default", () => {
  const text = rubric();
  changeVeto(text, "harm", { criteria: ["a", "b"] });
  changeVeto(text, "copied", { criteria: ["a"] });
  assert.deepEqual(
    text.vetoes.map(({ veto }) => veto),
    ["copied", "harm"],
  );
  dropFromVetoes(text, "a");
  assert.equal(vetoOf(text, "copied"), undefined);
  assert.deepEqual(vetoOf(text, "harm").criteria, ["b"]);
});

test("a veto is offered only for criteria that it can cap", () => {
  const points = criterion({ scale: "points", points: -3 });
  assert.equal(canCap("harm", points), true);
  assert.equal(canCap("copied", points), false);
  assert.equal(canCap("too_long", criterion({ scale: "binary" })), false);
  assert.equal(canCap("too_long", criterion()), true);
  assert.equal(canCap("harm", criterion({ levels: [] })), false);
});

test("levels are shown by value and added above the highest", () => {
  const one = criterion();
  assert.deepEqual(
    sortedLevels(one).map(({ value }) => value),
    [1, 2, 3],
  );
  addLevel(one);
  assert.equal(one.levels.at(-1).value, 4);
  assert.deepEqual(levelValues(criterion({ scale: "binary" })), [0, 1]);
});

test("levels above a removed one move down, with their exemplars and the gate", () => {
  const one = criterion({ gate: 3 });
  removeLevel(one, 2);
  assert.deepEqual(
    sortedLevels(one).map(({ anchor }) => anchor),
    ["A1", "A3"],
  );
  assert.deepEqual(values(one).toSorted(), [1, 2]);
  assert.deepEqual(
    one.exemplars.map(({ level, text }) => `${level} ${text}`),
    ["1 E1", "2 E3"],
  );
  assert.equal(one.gate, 2);
  removeLevel(one, 2);
  assert.equal(one.gate, null);
});

test("levels are numbered anew without gaps", () => {
  const one = criterion({
    levels: [1, 3, 7].map((value) => ({ value, label: "", anchor: `A${value}` })),
    exemplars: [{ level: 7, text: "", context: "" }],
    gate: 3,
  });
  numberFrom(one, 0);
  assert.deepEqual([values(one), one.exemplars[0].level, one.gate], [[0, 1, 2], 2, 1]);
});

test("a share is a weight among the judged criteria", () => {
  const warmth = criterion({ weight: 1 });
  const safety = criterion({ weight: 3 });
  const check = criterion({ kind: "check", weight: 5 });
  const text = rubric(warmth, safety, check);
  assert.deepEqual(
    [warmth, safety, check].map((one) => share(text, one)),
    ["25 %", "75 %", "check"],
  );
  const weightless = criterion({ weight: 0 });
  assert.equal(share(rubric(weightless), weightless), "");
});

test("HealthBench shows signed points, and RaR its category", () => {
  const points = (number) => share({ formula: "healthbench", criteria: [] }, { points: number });
  assert.deepEqual([points(5), points(-3), points(null)], ["+5", "−3", "0"]);
  assert.equal(share({ formula: "rar", criteria: [] }, { category: "Pitfall" }), "Pitfall");
});

test("data is equal whatever the order of the keys", () => {
  assert.ok(same({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }));
  assert.ok(!same({ a: 1 }, { a: 1, b: 2 }));
  assert.ok(!same([1, 2], [2, 1]));
  assert.ok(!same({ a: "1" }, { a: 1 }));
  assert.ok(!same(null, {}));
});

test("a veto is switched off, changed and set back, and leaves no empty field behind", () => {
  const text = { criteria: [] };
  changeVeto(text, "harm", {});
  assert.deepEqual(text.vetoes, [{ veto: "harm", criteria: [], reason: "" }]);
  changeVeto(text, "copied", { criteria: ["a"] });
  changeVeto(text, "harm", { reason: "A rubric of style." });
  assert.equal(vetoOf(text, "harm").reason, "A rubric of style.");
  assert.deepEqual(
    text.vetoes.map((entry) => entry.veto),
    ["copied", "harm"],
  );
  assert.equal(vetoOf(text, "empty"), undefined);
  resetVeto(text, "harm");
  assert.deepEqual(text.vetoes, [{ veto: "copied", criteria: ["a"], reason: "" }]);
  resetVeto(text, "copied");
  assert.deepEqual(text, { criteria: [] });
  resetVeto(text, "copied");
  assert.deepEqual(text, { criteria: [] });
});
