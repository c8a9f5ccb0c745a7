import assert from "node:assert/strict";
import { test } from "node:test";

import { whatIsOpen } from "../../static/js/rubric/people.js";
import { savedWhen } from "../../static/js/rubric/status.js";
import { describe, duration, share, stepsFor } from "../../static/js/runs/estimate.js";

test("how long ago a text was saved", () => {
  const now = new Date(2026, 4, 3, 12, 0, 0).getTime();
  const before = (seconds) => savedWhen(now - 1000 * seconds, now);
  assert.equal(savedWhen(0, now), "Saved");
  assert.equal(before(4), "Saved just now");
  assert.equal(before(59), "Saved 59 seconds ago");
  assert.equal(before(119), "Saved a minute ago");
  assert.equal(before(3599), "Saved 59 minutes ago");
  assert.match(before(2 * 3600), /^Saved at .*10/);
  assert.match(before(48 * 3600), /^Saved on .*1.*, .*12/);
});

test("who has what open", () => {
  const lena = { name: "Lena Lead", is_me: false };
  assert.equal(whatIsOpen(lena, { name: "Warmth" }), "Lena Lead has Warmth open");
  assert.equal(whatIsOpen(lena, { name: "" }), "Lena Lead has a new criterion open");
  assert.equal(
    whatIsOpen({ ...lena, is_me: true }, null),
    "You have this draft open in another window",
  );
});

test("a part of a reward is a simple fraction or a percentage", () => {
  assert.equal(share(1, 3), "1/3");
  assert.equal(share(0.5, 2), "1/4");
  assert.equal(share(2, 2), "1");
  assert.equal(share(0, 2), "0");
  assert.equal(share(5, 17), "29 %");
  assert.equal(share(1, 0), "");
});

test("a duration in minutes and hours", () => {
  assert.equal(duration(29), "less than a minute");
  assert.equal(duration(90), "2 min");
  assert.equal(duration(3600 + 5 * 60), "1 h 05 min");
});

const GRPO = { steps: 100, promptsPerStep: 8, rolloutsPerPrompt: 4, saveEvery: 30 };
const SFT = { steps: 20, batchSize: 16, saveEvery: 20 };
const DATA = { prompts: 200, heldOutPrompts: 50, judges: 1 };

test("a training run in words", () => {
  const words = describe({ ...DATA, sft: null, grpo: GRPO }, 0.5);
  assert.match(words, /^GRPO: 100 steps with 8 prompts and 4 replies to each, so 3,200 replies/);
  assert.match(words, /Each training prompt is used about 4 times\. 4 checkpoints are saved\./);
  assert.match(words, /GRPO takes about 27 min\./);
  assert.match(words, /2 models answer 50 held-out prompts, and 1 judge rates the 100 answers\.$/);
});

test("a plan of two runs in words", () => {
  const words = describe({ ...DATA, sft: SFT, grpo: GRPO }, 0.5);
  assert.match(words, /^SFT: 20 steps with 16 replies to imitate\..* 1 checkpoint is saved\./);
  assert.match(words, /GRPO: 100 steps/);
  assert.match(words, /3 models answer 50 held-out prompts, and 1 judge rates the 150 answers\.$/);
});

test("what is not known about a training run is said", () => {
  const grpo = { ...GRPO, steps: 0, saveEvery: 0 };
  const words = describe({ ...DATA, prompts: 0, sft: null, grpo }, 0);
  assert.match(words, /Not every training prompt is used\./);
  assert.match(words, /no time estimate before the first run/);
  assert.match(describe({ ...DATA, judges: 0, sft: SFT, grpo: null }, 0), /ends without one\.$/);
  assert.doesNotMatch(describe({ ...DATA, sft: SFT, grpo: null }, 0), /estimate/);
});

test("before the first run, the time of the small language model is known", () => {
  const grpo = { ...GRPO, steps: 8, promptsPerStep: 2, rolloutsPerPrompt: 8 };
  const words = (...seconds) => describe({ ...DATA, sft: null, grpo }, ...seconds);
  assert.match(
    words(0, 2.5),
    /On two cores, .* language model with LoRA takes about 5 min\. The evaluation at the end comes on top\./,
  );
  assert.doesNotMatch(describe({ ...DATA, judges: 0, sft: null, grpo }, 0, 2.5), /comes on top/);
  assert.match(words(6, 2.5), /Judging by the last run in this project, GRPO takes about 13 min\./);
  assert.doesNotMatch(words(6, 2.5), /two cores/);
});

test("the steps that take all prompts through the model", () => {
  assert.equal(stepsFor({ passes: 2, prompts: 64, promptsPerStep: 4 }), 32);
  assert.equal(stepsFor({ passes: 2, prompts: 65, promptsPerStep: 128 }), 2);
  assert.equal(stepsFor({ passes: 2, prompts: 0, promptsPerStep: 0 }), 1);
});
