// The form of a training run: shows what belongs to the chosen plan, fills in presets, and says what
// the settings amount to while they are typed.
import { $, $$ } from "../lib/dom.js";
import { describe, share, stepsFor } from "./estimate.js";

const form = $("#training-form");
const presets = JSON.parse($("#training-presets").textContent);
const numberIn = (input) => Number(input.value) || 0;
const setting = (name) => numberIn(form.elements[name]);
const plan = () => form.elements.plan.value;
const isSmall = () => form.dataset.smallModels.split(" ").includes(form.elements.base.value);
const isLora = () => form.elements.tuning.value === "lora";
// The value of each field before a quick look set it.
let before = {};
const has = (method) => plan().split("_").includes(method);

function showPlan() {
  for (const part of $$("[data-plans]", form))
    part.hidden = !part.dataset.plans.split(" ").includes(plan());
  for (const part of $$("[data-tuning]", form))
    part.hidden = form.elements.tuning.value !== part.dataset.tuning;
}

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
    prompts: setting("prompts"),
    heldOutPrompts: setting("held_out_prompts"),
    judges: $$("[name=evaluation_judges]:checked", form).length,
    sft: has("sft") && {
      steps: setting("sft_steps"),
      batchSize: setting("sft_batch_size"),
      saveEvery: setting("sft_save_every"),
    },
    grpo: has("grpo") && {
      steps: setting("steps"),
      promptsPerStep: setting("prompts_per_step"),
      rolloutsPerPrompt: setting("rollouts_per_prompt"),
      saveEvery: setting("save_every"),
    },
  };
  $("#expected").textContent = describe(
    settings,
    Number(form.dataset.seconds),
    isSmall() && isLora() ? Number(form.dataset.smallSeconds) : 0,
  );
}

function choose(fields) {
  for (const [name, value] of Object.entries(fields)) {
    const field = form.elements[name];
    if (field.value !== String(value)) before[name] = field.value;
    field.value = value;
  }
}

/** Other presets mean the fields as they were before a quick look, but for what was changed since. */
function takeBack() {
  for (const [name, value] of Object.entries(before)) {
    const field = form.elements[name];
    if (field.value === String(presets.quick.fields[name])) field.value = value;
  }
  before = {};
}

function sayFilled(button) {
  for (const line of $$("[data-filled]", form)) line.textContent = "";
  $("[data-filled]", button.closest("[data-presets]")).textContent =
    "Filled in. Check the form, then start.";
}

function fill(prefix, values) {
  const { passes, ...settings } = values;
  const promptsPerStep = settings.batch_size ?? settings.prompts_per_step;
  if (passes) settings.steps = stepsFor({ passes, prompts: setting("prompts"), promptsPerStep });
  for (const [name, value] of Object.entries(settings)) {
    const input = form.elements[prefix + name] ?? form.elements[name];
    input.value = value;
  }
}

function show() {
  showPlan();
  showShares();
  showEstimate();
}

for (const button of $$("[data-preset]", form))
  button.addEventListener("click", () => {
    const { fields, sft = {}, grpo, lora = {} } = presets[button.dataset.preset];
    if (fields) choose(fields);
    else takeBack();
    fill("sft_", sft);
    fill("", grpo);
    fill("lora_", lora);
    show();
    sayFilled(button);
  });
for (const place of $$("[data-presets]", form)) place.hidden = false;
form.addEventListener("input", show);
show();
