// Says what a training run's settings amount to, while they are typed.
import { $, $$ } from "../lib/dom.js";
import { describe, share } from "./estimate.js";

const form = $("#training-form");
const numberIn = (input) => Number(input.value) || 0;
const setting = (name) => numberIn(form.elements[name]);

function showShares() {
  const parts = $$("[data-part]", form);
  const weights = parts.map((part) => Math.max(0, numberIn($("input", part))));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  parts.forEach((part, i) => {
    $("output", part).value = share(weights[i], whole);
  });
}

function showEstimate() {
  const settings = {
    steps: setting("steps"),
    prompts: setting("prompts"),
    promptsPerStep: setting("prompts_per_step"),
    rolloutsPerPrompt: setting("rollouts_per_prompt"),
    heldOutPrompts: setting("held_out_prompts"),
    saveEvery: setting("save_every"),
  };
  $("#expected").textContent = describe(settings, Number(form.dataset.seconds));
}

function show() {
  showShares();
  showEstimate();
}

form.addEventListener("input", show);
show();
