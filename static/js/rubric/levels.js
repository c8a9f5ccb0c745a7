// The levels of a scale with their anchors, and the exemplars that show each of them.
import { pickExemplar } from "./exemplars.js";
import { bind, part } from "./fields.js";
import { addLevel, numberFrom, removeLevel, sortedLevels } from "./text.js";

export function drawLevels(form, path, host) {
  const { criterion } = host;
  const box = form.querySelector("[data-levels]");
  const levels = sortedLevels(criterion);
  box.replaceChildren(...levels.map((level, position) => row(level, position, levels, path, host)));
  form.querySelector("[data-levels-head]").dataset.path = `${path}.levels`;
  form.querySelector("[data-exemplars-head]").dataset.path = `${path}.exemplars`;
  form.querySelector('[data-do="add-level"]').addEventListener("click", (event) => {
    event.stopPropagation();
    add(host);
  });
  const lowest = form.querySelector("[data-lowest]");
  const value = levels[0]?.value ?? 1;
  if (![...lowest.options].some((option) => option.value === String(value)))
    lowest.add(new Option(value, value));
  lowest.value = value;
  lowest.addEventListener("change", () => {
    numberFrom(criterion, Number(lowest.value));
    host.changed({ label: "Lowest level" });
    host.redraw("[data-lowest]");
  });
}

function add(host) {
  addLevel(host.criterion);
  host.changed({ label: "Add a level" });
  host.redraw('[data-level]:last-of-type [data-f="label"]');
}

function row(level, position, levels, path, host) {
  const { criterion } = host;
  const item = part("t-level");
  const at = `${path}.levels[${criterion.levels.indexOf(level)}]`;
  item.dataset.thread = `level:${criterion.uid}:${level.value}`;
  const chip = item.querySelector("[data-value]");
  chip.textContent = level.value;
  chip.dataset.l = 1 + Math.round((4 * position) / Math.max(levels.length - 1, 1));
  item.querySelector('[data-f="label"]').setAttribute("aria-label", `Name of level ${level.value}`);
  item
    .querySelector('[data-f="anchor"]')
    .setAttribute("aria-label", `Anchor of level ${level.value}`);
  bind(item, level, at, host);
  drawExemplars(item, level, path, host);
  on(item, "remove-level", () => {
    host.removed(`Level ${level.value} is removed.`);
    removeLevel(criterion, level.value);
    host.changed({ label: `Remove level ${level.value}` });
    host.redraw(
      levels.length > 1
        ? `[data-level]:nth-of-type(${Math.min(position + 1, levels.length - 1)}) [data-f="label"]`
        : '[data-do="add-level"]',
    );
  });
  item.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.altKey) return;
    event.preventDefault();
    add(host);
  });
  return item;
}

function drawExemplars(item, level, path, host) {
  const { criterion } = host;
  const box = item.querySelector("[data-exemplars]");
  criterion.exemplars.forEach((exemplar, index) => {
    if (exemplar.level === level.value)
      box.append(exemplarField(exemplar, index, level, path, host));
  });
  on(item, "add-exemplar", () => {
    criterion.exemplars.push({ text: "", level: level.value, context: "" });
    host.changed({ label: `Add an exemplar to level ${level.value}` });
    host.redraw(`#exemplar-${criterion.exemplars.length - 1}`);
  });
  on(item, "pick-exemplar", () =>
    pickExemplar({ ...level, uid: criterion.uid }, ({ text, context }) => {
      criterion.exemplars.push({ text, level: level.value, context });
      host.changed({ label: `Add an exemplar to level ${level.value}` });
      host.redraw(
        `[data-thread="level:${CSS.escape(criterion.uid)}:${level.value}"] [data-do="pick-exemplar"]`,
      );
    }),
  );
}

function exemplarField(exemplar, index, level, path, host) {
  const { criterion } = host;
  const field = part("t-exemplar");
  const text = field.querySelector('[data-f="text"]');
  text.id = `exemplar-${index}`;
  text.setAttribute("aria-label", `A reply at level ${level.value}`);
  field
    .querySelector('[data-f="context"]')
    .setAttribute("aria-label", `What the seeker said before the reply at level ${level.value}`);
  bind(field, exemplar, `${path}.exemplars[${index}]`, host);
  const name = field.querySelector("[data-begins]");
  const show = () => {
    name.textContent = exemplar.text.trim() ? `“${exemplar.text.trim()}”` : "A new exemplar";
  };
  text.addEventListener("input", show);
  show();
  field.open = !exemplar.text.trim();
  on(field, "remove-exemplar", () => {
    host.removed("The exemplar is removed.");
    criterion.exemplars.splice(index, 1);
    host.changed({ label: `Remove an exemplar of level ${level.value}` });
    host.redraw(
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
