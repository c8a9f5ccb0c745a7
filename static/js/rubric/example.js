// The total of an example, beside the formula. The server computes it; the page has a
// control for each criterion.

import { $, $$, cloneTemplate } from "../lib/dom.js";
import { postJson } from "../lib/http.js";
import { levelValues, share, sortedLevels } from "./text.js";

const WAIT_MS = 120;
// What was chosen stays while the form is drawn anew.
const chosen = {};
let requests = 0;
let timer;

export function drawExample(form, text) {
  const rows = form.querySelector("[data-example-rows]");
  const judged = text.criteria.filter(
    (criterion) => criterion.kind === "judge" && levelValues(criterion).length > 1,
  );
  rows.replaceChildren(...judged.map((criterion) => row(form, text, criterion)));
  updateExample(form, text);
}

function row(form, text, criterion) {
  const values = levelValues(criterion);
  if (!values.includes(chosen[criterion.uid]))
    chosen[criterion.uid] = values[Math.floor(values.length / 2)];
  const item = cloneTemplate("t-example");
  const control = item.querySelector("input");
  const id = `example-${criterion.uid}`;
  Object.assign(item.querySelector("label"), {
    htmlFor: id,
    textContent: criterion.name || "New criterion",
  });
  Object.assign(control, {
    id,
    max: values.length - 1,
    value: values.indexOf(chosen[criterion.uid]),
  });
  item.querySelector("[data-share]").textContent = share(text, criterion);
  item.dataset.uid = criterion.uid;
  const show = () => {
    const value = chosen[criterion.uid];
    const said = inWords(criterion, value);
    item.querySelector("output").textContent = criterion.scale === "levels" ? value : said;
    control.setAttribute("aria-valuetext", said);
  };
  control.addEventListener("input", () => {
    chosen[criterion.uid] = values[control.value];
    show();
    updateExample(form, text);
  });
  show();
  return item;
}

function inWords(criterion, value) {
  if (criterion.scale !== "levels") return value ? "Yes" : "No";
  const level = sortedLevels(criterion).find((one) => one.value === value);
  return `${value} ${level.label}`.trim();
}

export function updateExample(form, text) {
  clearTimeout(timer);
  timer = setTimeout(() => compute(form, text), WAIT_MS);
}

async function compute(form, text) {
  const box = form.querySelector("[data-example]");
  if (!box?.isConnected) return;
  const request = ++requests;
  const uids = text.criteria.map((criterion) => criterion.uid);
  const levels = Object.fromEntries(Object.entries(chosen).filter(([uid]) => uids.includes(uid)));
  const { exampleUrl } = $("[data-example-url]", form).dataset;
  const answer = await postJson(exampleUrl, { content: text, levels });
  // An answer that a later request overtook is not shown.
  if (request !== requests || !answer.ok) return;
  // Markup of our own server.
  box.innerHTML = answer.data.html;
  for (const item of $$("[data-uid]", form)) {
    const gain = answer.data.steps[item.dataset.uid];
    $("[data-gain]", item).textContent = gain ? `one level more: ${gain}` : "";
  }
}
