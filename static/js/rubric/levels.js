// The levels of a scale with their anchors, and the exemplars that show each of them.
import { cloneTemplate } from "../lib/dom.js";
import { pickExemplar } from "./exemplars.js";
import { bind } from "./fields.js";
import { addLevel, numberFrom, removeLevel, sortedLevels } from "./text.js";

export function drawLevels(form, path, draft) {
  const { criterion } = draft;
  const box = form.querySelector("[data-levels]");
  const levels = sortedLevels(criterion);
  box.replaceChildren(
    ...levels.map((level, position) => row(level, position, levels, path, draft)),
  );
  form.querySelector("[data-levels-head]").dataset.path = `${path}.levels`;
  form.querySelector("[data-exemplars-head]").dataset.path = `${path}.exemplars`;
  form.querySelector('[data-do="add-level"]').addEventListener("click", (event) => {
    event.stopPropagation();
    add(draft);
  });
  const lowest = form.querySelector("[data-lowest]");
  const value = levels[0]?.value ?? 1;
  if (![...lowest.options].some((option) => option.value === String(value)))
    lowest.add(new Option(value, value));
  lowest.value = value;
  lowest.addEventListener("change", () => {
    numberFrom(criterion, Number(lowest.value));
    draft.changed({ label: "Lowest level" });
    draft.redraw("[data-lowest]");
  });
}

function add(draft) {
  addLevel(draft.criterion);
  draft.changed({ label: "Add a level" });
  draft.redraw('[data-level]:last-of-type [data-f="label"]');
}

function row(level, position, levels, path, draft) {
  const { criterion } = draft;
  const item = cloneTemplate("t-level");
  const at = `${path}.levels[${criterion.levels.indexOf(level)}]`;
  item.dataset.thread = `level:${criterion.uid}:${level.value}`;
  const chip = item.querySelector("[data-value]");
  chip.textContent = level.value;
  chip.dataset.l = 1 + Math.round((4 * position) / Math.max(levels.length - 1, 1));
  item.querySelector('[data-f="label"]').setAttribute("aria-label", `Name of level ${level.value}`);
  item
    .querySelector('[data-f="anchor"]')
    .setAttribute("aria-label", `Anchor of level ${level.value}`);
  bind(item, level, at, draft);
  drawExemplars(item, level, path, draft);
  on(item, "remove-level", () => {
    draft.removed(`Level ${level.value} was removed.`);
    removeLevel(criterion, level.value);
    draft.changed({ label: `Remove level ${level.value}` });
    draft.redraw(
      levels.length > 1
        ? `[data-level]:nth-of-type(${Math.min(position + 1, levels.length - 1)}) [data-f="label"]`
        : '[data-do="add-level"]',
    );
  });
  item.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.altKey) return;
    event.preventDefault();
    add(draft);
  });
  return item;
}

function drawExemplars(item, level, path, draft) {
  const { criterion } = draft;
  const box = item.querySelector("[data-exemplars]");
  criterion.exemplars.forEach((exemplar, index) => {
    if (exemplar.level === level.value)
      box.append(exemplarField(exemplar, index, level, path, draft));
  });
  on(item, "add-exemplar", () => {
    criterion.exemplars.push({ text: "", level: level.value, context: "" });
    draft.changed({ label: `Add an exemplar to level ${level.value}` });
    draft.redraw(`#exemplar-${criterion.exemplars.length - 1}`);
  });
  on(item, "pick-exemplar", () =>
    pickExemplar({ ...level, uid: criterion.uid }, ({ text, context }) => {
      criterion.exemplars.push({ text, level: level.value, context });
      draft.changed({ label: `Add an exemplar to level ${level.value}` });
      draft.redraw(
        `[data-thread="level:${CSS.escape(criterion.uid)}:${level.value}"] [data-do="pick-exemplar"]`,
      );
    }),
  );
}

function exemplarField(exemplar, index, level, path, draft) {
  const { criterion } = draft;
  const field = cloneTemplate("t-exemplar");
  const text = field.querySelector('[data-f="text"]');
  text.id = `exemplar-${index}`;
  text.setAttribute("aria-label", `A reply at level ${level.value}`);
  field
    .querySelector('[data-f="context"]')
    .setAttribute("aria-label", `What the seeker said before the reply at level ${level.value}`);
  bind(field, exemplar, `${path}.exemplars[${index}]`, draft);
  const name = field.querySelector("[data-begins]");
  const show = () => {
    name.textContent = exemplar.text.trim() ? `“${exemplar.text.trim()}”` : "A new exemplar";
  };
  text.addEventListener("input", show);
  show();
  field.open = !exemplar.text.trim();
  on(field, "remove-exemplar", () => {
    draft.removed("The exemplar was removed.");
    criterion.exemplars.splice(index, 1);
    draft.changed({ label: `Remove an exemplar of level ${level.value}` });
    draft.redraw(
      `[data-thread="level:${CSS.escape(criterion.uid)}:${level.value}"] [data-do="add-exemplar"]`,
    );
  });
  return field;
}

/** What the button does is done here and nowhere else. */
function on(root, name, action) {
  root.querySelector(`[data-do="${name}"]`).addEventListener("click", (event) => {
    event.stopPropagation();
    action();
  });
}
