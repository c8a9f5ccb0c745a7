// The total of an example, beside the formula. The server reckons; the page has a control per criterion.

import { csrf } from "../studio.js";
import { part } from "./fields.js";
import { levelValues, share, sortedLevels } from "./text.js";

const WAIT_MS = 120;
// What was chosen stays while the form is drawn anew.
const chosen = {};
let asked = 0;
let timer;

export function drawExample(form, text) {
  const rows = form.querySelector("[data-example-rows]");
  const judged = text.criteria.filter(
    (criterion) => criterion.kind === "judge" && levelValues(criterion).length > 1,
  );
  rows.replaceChildren(...judged.map((criterion) => row(form, text, criterion)));
  ask(form, text);
}

function row(form, text, criterion) {
  const values = levelValues(criterion);
  if (!values.includes(chosen[criterion.uid]))
    chosen[criterion.uid] = values[Math.floor(values.length / 2)];
  const item = part("t-example");
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
    ask(form, text);
  });
  show();
  return item;
}

function inWords(criterion, value) {
  if (criterion.scale !== "levels") return value ? "Yes" : "No";
  const level = sortedLevels(criterion).find((one) => one.value === value);
  return `${value} ${level.label}`.trim();
}

export function ask(form, text) {
  clearTimeout(timer);
  timer = setTimeout(() => reckon(form, text), WAIT_MS);
}

async function reckon(form, text) {
  const box = form.querySelector("[data-example]");
  if (!box?.isConnected) return;
  const turn = ++asked;
  const uids = text.criteria.map((criterion) => criterion.uid);
  const levels = Object.fromEntries(Object.entries(chosen).filter(([uid]) => uids.includes(uid)));
  const response = await fetch(form.querySelector("[data-example-url]").dataset.exampleUrl, {
    method: "POST",
    body: JSON.stringify({ content: text, levels }),
    redirect: "manual",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
  }).catch(() => null);
  // An answer that a later question overtook is not shown.
  if (turn !== asked || !response?.ok) return;
  const reply = await response.json();
  // Markup of our own server.
  box.innerHTML = reply.html;
  for (const item of form.querySelectorAll("[data-uid]")) {
    const gain = reply.steps[item.dataset.uid];
    item.querySelector("[data-gain]").textContent = gain ? `one level more: ${gain}` : "";
  }
}
