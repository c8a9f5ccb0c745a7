// What the lint found: beside each field, in the list, and in the way of publishing.
import { $, $$, cloneTemplate } from "../lib/dom.js";
import { readStored, store } from "../lib/storage.js";

/** Warnings that a person hid on this computer, by the finding's key. */
export class HiddenWarnings {
  constructor(name) {
    this.name = name;
    this.keys = new Set(readStored(name));
  }

  has(key) {
    return this.keys.has(key);
  }

  add(key) {
    this.keys.add(key);
    this.#keep();
  }

  clear() {
    this.keys.clear();
    this.#keep();
  }

  #keep() {
    store(this.name, [...this.keys]);
  }
}

/** The findings as the server listed them, without the hidden ones. */
export function findings(hidden) {
  return $$("#state [data-severity]")
    .map((item) => ({ ...item.dataset }))
    .filter((one) => !hidden.has(one.key));
}

/** Leave the hidden warnings out of the list, and say how many there are. */
export function drawFindings(hidden) {
  const items = $$('#state [data-severity="warning"]');
  for (const item of items) item.hidden = hidden.has(item.dataset.key);
  const left = items.filter((item) => !item.hidden).length;
  const count = $("[data-warnings]");
  if (count) count.textContent = left === 1 ? "1 warning" : `${left} warnings`;
  const again = $("[data-aside]");
  if (!again) return;
  const away = items.length - left;
  again.hidden = away === 0;
  again.textContent = `${away} ignored. Show ${away === 1 ? "it" : "them"}`;
}

/** Put each finding under the control that it is about. What is there already stays as it is. */
export function drawBeside(box, found) {
  for (const control of $$("[data-path]", box)) {
    const isShown = !control.closest("[hidden]");
    const wanted = isShown ? found.filter((one) => one.path === control.dataset.path) : [];
    const looks = JSON.stringify(wanted.map(({ key, message, advice }) => [key, message, advice]));
    if (looks === (control.dataset.lintLooks ?? "[]")) continue;
    control.dataset.lintLooks = looks;
    for (const item of itemsOf(control)) item.remove();
    const items = wanted.map(lintItem);
    control.after(...items);
    // The help text that the control has anyway comes first.
    control.dataset.help ??= control.getAttribute("aria-describedby") ?? "";
    const described = [control.dataset.help, ...items.map((item) => item.id)]
      .filter(Boolean)
      .join(" ");
    if (described) control.setAttribute("aria-describedby", described);
    else control.removeAttribute("aria-describedby");
  }
}

function itemsOf(control) {
  const items = [];
  let next = control.nextElementSibling;
  while (next?.matches("[data-lint]")) {
    items.push(next);
    next = next.nextElementSibling;
  }
  return items;
}

let made = 0;

function lintItem(finding) {
  const item = cloneTemplate("t-lint");
  Object.assign(item.dataset, { lint: "", key: finding.key });
  item.id = `lint-${++made}`;
  item.classList.toggle("is-error", finding.severity === "error");
  $("[data-message]", item).textContent = finding.message;
  $("[data-advice]", item).textContent = finding.advice;
  $("[data-do]", item).hidden = finding.severity === "error";
  return item;
}
