// The form of one criterion, or of the rubric itself: controls that hold a field of the text each.
import { addLevel, levelValues, numberFrom, removeLevel, setKind, setScale, share, sortedLevels } from "./rubric-text.js";

const part = (name) => document.getElementById(name).content.cloneNode(true).firstElementChild;

/**
 * Draw what is picked into `box`. `host` has `text`, `criterion` (null for the rubric),
 * `changed()`, `redraw()` and `undoable(words)`, called before something is taken away.
 */
export function drawForm(box, host) {
  const { text, criterion } = host;
  const form = part(criterion ? "t-criterion" : "t-about");
  bind(form, criterion ?? text, criterion ? `criteria[${text.criteria.indexOf(criterion)}]` : "", host);
  if (criterion) {
    drawLevels(form, host);
    drawSpans(form, host);
    form.querySelector("[data-more]").open = Boolean(criterion.use_when || criterion.avoid_when);
  }
  box.replaceChildren(form);
  box.dataset.thread = criterion ? `criterion:${criterion.uid}` : "rubric";
  refreshForm(box, host);
  // Remarks and other things that hang on a criterion or a level find their place anew.
  box.dispatchEvent(new CustomEvent("rubric:drawn", { bubbles: true, detail: { uid: criterion?.uid ?? null } }));
}

/** What follows from other fields: which controls are there, the share, the choice of gates. */
export function refreshForm(box, { text, criterion }) {
  if (!criterion) return;
  const words = { min_words: "words", max_words: "words", contains: "phrases", lacks: "phrases" };
  const holds = {
    weighted: text.formula.endsWith("_mean"), levelled: criterion.scale === "levels" || criterion.levels.length > 0, [`formula=${text.formula}`]: true,
    [`kind=${criterion.kind}`]: true, [`scale=${criterion.scale}`]: true, [`check=${words[criterion.check]}`]: true,
  };
  for (const element of box.querySelectorAll("[data-when]")) element.hidden = !element.dataset.when.split(" ").every((fact) => holds[fact]);
  box.querySelector("[data-name]").textContent = criterion.name || "New criterion";
  box.querySelector("[data-share]").textContent = share(text, criterion) ? `${share(text, criterion)} of the total` : "";
  const gate = box.querySelector("[data-gate]");
  const options = [new Option("No gate", ""), ...levelValues(criterion).slice(1).map((value) => new Option(value, value))];
  // A gate that the scale no longer has stays visible, so that it can be mended.
  if (criterion.gate !== null && !options.some((option) => option.value === String(criterion.gate))) options.push(new Option(criterion.gate, criterion.gate));
  gate.replaceChildren(...options);
  gate.value = criterion.gate ?? "";
}

/** Put each problem under the control that it is about. */
export function drawProblems(box, problems) {
  for (const old of box.querySelectorAll("[data-lint]")) old.remove();
  for (const control of box.querySelectorAll("[data-path]")) {
    const problem = problems.find((one) => one.path === control.dataset.path);
    if (!problem || control.closest("[hidden]")) continue;
    const lint = part("t-lint");
    lint.dataset.lint = "";
    lint.querySelector("[data-message]").textContent = problem.message;
    control.after(lint);
  }
}

function bind(root, object, path, host) {
  for (const control of root.querySelectorAll("[data-f]")) {
    const field = control.dataset.f;
    control.value = object[field] ?? "";
    control.dataset.path = path ? `${path}.${field}` : field;
    control.addEventListener("input", () => {
      const value = read(control);
      if (value === undefined) { control.setAttribute("aria-invalid", "true"); return; }
      control.removeAttribute("aria-invalid");
      if (field in RESHAPES) reshape(object, field, value, host);
      else object[field] = value;
      host.changed();
      // A choice decides which other controls there are and what they hold.
      if (control.matches("select")) host.redraw(`#${control.id}`);
    });
    // A number that can't be read goes back to the one that is kept.
    control.addEventListener("blur", () => {
      if (control.getAttribute("aria-invalid") !== "true") return;
      control.removeAttribute("aria-invalid");
      control.value = object[field] ?? "";
    });
  }
}

const RESHAPES = { kind: setKind, scale: setScale };

function reshape(criterion, field, value, host) {
  if (criterion.levels.some((level) => level.label || level.anchor)) host.undoable("The scale is another one now.");
  RESHAPES[field](criterion, value);
}

function read(control) {
  if (!("number" in control.dataset)) return control.value;
  const typed = control.value.replace(",", ".").replace("−", "-").replace("%", "").trim();
  if (!typed) return "nullable" in control.dataset ? null : undefined;
  const number = Number(typed);
  return Number.isFinite(number) && Math.abs(number) <= 1e6 ? number : undefined;
}

function drawSpans(form, host) {
  const { criterion } = host;
  for (const box of form.querySelectorAll("[data-span]")) {
    box.checked = criterion.spans.includes(box.dataset.span);
    box.addEventListener("change", () => {
      const chosen = [...form.querySelectorAll("[data-span]:checked")].map((one) => one.dataset.span);
      form.querySelector("[data-span-error]").hidden = chosen.length > 0;
      criterion.spans = chosen;
      host.changed();
    });
  }
  form.querySelector("[data-gate]").addEventListener("change", (event) => {
    criterion.gate = event.target.value === "" ? null : Number(event.target.value);
    host.changed();
  });
}

function drawLevels(form, host) {
  const { text, criterion } = host;
  const box = form.querySelector("[data-levels]");
  const levels = sortedLevels(criterion);
  levels.forEach((level, position) => {
    const row = part("t-level");
    const index = criterion.levels.indexOf(level);
    row.dataset.thread = `level:${criterion.uid}:${level.value}`;
    const chip = row.querySelector("[data-value]");
    chip.textContent = level.value;
    chip.dataset.l = 1 + Math.round((4 * position) / Math.max(levels.length - 1, 1));
    bind(row, level, `criteria[${text.criteria.indexOf(criterion)}].levels[${index}]`, host);
    row.querySelector('[data-f="label"]').setAttribute("aria-label", `Name of level ${level.value}`);
    row.querySelector('[data-f="anchor"]').setAttribute("aria-label", `Anchor of level ${level.value}`);
    drawExemplars(row, level, host);
    row.querySelector('[data-do="remove-level"]').addEventListener("click", (event) => {
      event.stopPropagation();
      host.undoable(`Level ${level.value} is removed.`);
      removeLevel(criterion, level.value);
      host.changed();
      host.redraw();
    });
    box.append(row);
  });
  form.querySelector('[data-do="add-level"]').addEventListener("click", (event) => {
    event.stopPropagation();
    addLevel(criterion);
    host.changed();
    host.redraw('[data-level]:last-of-type [data-f="label"]');
  });
  const lowest = form.querySelector("[data-lowest]");
  const value = levels[0]?.value ?? 1;
  if (![...lowest.options].some((option) => option.value === String(value))) lowest.add(new Option(value, value));
  lowest.value = value;
  lowest.addEventListener("change", () => { numberFrom(criterion, Number(lowest.value)); host.changed(); host.redraw("[data-lowest]"); });
}

function drawExemplars(row, level, host) {
  const { text, criterion } = host;
  const box = row.querySelector("[data-exemplars]");
  criterion.exemplars.forEach((exemplar, index) => {
    if (exemplar.level !== level.value) return;
    const field = part("t-exemplar");
    const path = `criteria[${text.criteria.indexOf(criterion)}].exemplars[${index}]`;
    const id = `exemplar-${index}`;
    bind(field, exemplar, path, host);
    Object.assign(field.querySelector("label"), { htmlFor: id, textContent: `A reply at level ${level.value}` });
    field.querySelector("textarea").id = id;
    field.querySelector('[data-f="context"]').setAttribute("aria-label", "What the seeker said before");
    field.querySelector('[data-do="remove-exemplar"]').addEventListener("click", (event) => {
      event.stopPropagation();
      host.undoable("The exemplar is removed.");
      criterion.exemplars.splice(criterion.exemplars.indexOf(exemplar), 1);
      host.changed();
      host.redraw();
    });
    box.append(field);
  });
  row.querySelector('[data-do="add-exemplar"]').addEventListener("click", (event) => {
    event.stopPropagation();
    criterion.exemplars.push({ text: "", level: level.value, context: "" });
    host.changed();
    host.redraw(`#exemplar-${criterion.exemplars.length - 1}`);
  });
}
