// What the lint found: beside each field, in the list, and in the way of publishing.
import { part } from "./fields.js";

const $ = (selector, root = document) => root.querySelector(selector);

/** Warnings that a person set aside on this computer, by the finding's key. */
export class Aside {
  constructor(name) {
    this.name = name;
    try {
      this.keys = new Set(JSON.parse(localStorage.getItem(name) ?? "[]"));
    } catch {
      this.keys = new Set();
    }
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
    try {
      localStorage.setItem(this.name, JSON.stringify([...this.keys]));
    } catch {
      /* for this page, then */
    }
  }
}

/** The findings as the server listed them, those that were set aside left out. */
export function findings(aside) {
  return [...document.querySelectorAll("#state [data-severity]")]
    .map((item) => ({ ...item.dataset }))
    .filter((one) => !aside.has(one.key));
}

/** Hide what was set aside from the list, and say how many there are. */
export function drawFindings(aside) {
  let hidden = 0,
    shown = 0;
  for (const item of document.querySelectorAll('#state [data-severity="warning"]')) {
    item.hidden = aside.has(item.dataset.key);
    if (item.hidden) hidden += 1;
    else shown += 1;
  }
  const count = $("[data-warnings]");
  if (count) count.textContent = shown === 1 ? "1 warning" : `${shown} warnings`;
  const again = $("[data-aside]");
  if (again) {
    again.hidden = hidden === 0;
    again.textContent = `${hidden} hidden. Show ${hidden === 1 ? "it" : "them"}`;
  }
}

/** Put each finding under the control that it is about. */
export function drawBeside(box, found) {
  for (const old of box.querySelectorAll("[data-lint]")) old.remove();
  for (const control of box.querySelectorAll("[data-path]")) {
    if (control.closest("[hidden]")) continue;
    const items = found.filter((finding) => finding.path === control.dataset.path).map(lintItem);
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

let made = 0;

function lintItem(finding) {
  const item = part("t-lint");
  Object.assign(item.dataset, { lint: "", key: finding.key });
  item.id = `lint-${++made}`;
  item.classList.toggle("is-error", finding.severity === "error");
  $("[data-message]", item).textContent = finding.message;
  $("[data-advice]", item).textContent = finding.advice;
  $("[data-do]", item).hidden = finding.severity === "error";
  return item;
}
