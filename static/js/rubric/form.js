// The form of one criterion, or of the rubric itself: controls that hold a field of the text each.
import { cloneTemplate } from "../lib/dom.js";
import { drawExample } from "./example.js";
import { bind } from "./fields.js";
import { drawLevels } from "./levels.js";
import { enablePreview } from "./preview.js";
import { levelValues, setTags, share, sortedLevels } from "./text.js";
import { drawVetoes } from "./vetoes.js";

/**
 * Draw what is picked into `box`. `draft` has `text`, `criterion` (null for the rubric),
 * `changed({label, key, at})`, called after a change, `redraw(focus)` and `removed(words)`.
 */
export function drawForm(box, draft) {
  const { text, criterion } = draft;
  const form = cloneTemplate(criterion ? "t-criterion" : "t-about");
  const path = criterion ? `criteria[${text.criteria.indexOf(criterion)}]` : "";
  bind(form, criterion ?? text, path, draft);
  if (criterion) {
    drawLevels(form, path, draft);
    drawSpans(form, path, draft);
    drawTags(form, path, draft);
    form.querySelector("[data-more]").open = Boolean(
      criterion.use_when || criterion.avoid_when || criterion.tags,
    );
  } else {
    enablePreview(form);
    drawVetoes(form, draft);
  }
  box.replaceChildren(form);
  box.dataset.thread = criterion ? `criterion:${criterion.uid}` : "rubric";
  if (!criterion) drawExample(form, text);
  refreshForm(box, draft);
  // Remarks and other things that hang on a criterion or a level find their place anew.
  box.dispatchEvent(
    new CustomEvent("rubric:drawn", { bubbles: true, detail: { uid: criterion?.uid ?? null } }),
  );
}

/** What follows from other fields: which controls are there, the share, the choice of gates. */
export function refreshForm(box, { text, criterion }) {
  if (!criterion) return;
  const words = { min_words: "words", max_words: "words", contains: "phrases", lacks: "phrases" };
  const holds = {
    weighted: text.formula.endsWith("_mean"),
    levelled: criterion.scale === "levels" || criterion.levels.length > 0,
    [`formula=${text.formula}`]: true,
    [`kind=${criterion.kind}`]: true,
    [`scale=${criterion.scale}`]: true,
    [`check=${words[criterion.check]}`]: true,
  };
  for (const element of box.querySelectorAll("[data-when]"))
    element.hidden = !element.dataset.when.split(" ").every((fact) => holds[fact]);
  box.querySelector("[data-name]").textContent = criterion.name || "New criterion";
  box.querySelector("[data-share]").textContent = share(text, criterion)
    ? `${share(text, criterion)} of the total`
    : "";
  refreshScales(box.querySelector("[data-f=scale]"), text, criterion);
  refreshGates(box.querySelector("[data-gate]"), criterion);
}

/** Signed points are HealthBench's, and it knows no other scale. */
function refreshScales(select, text, criterion) {
  for (const option of select.options) {
    const fits = (option.value === "points") === (text.formula === "healthbench");
    option.hidden = option.disabled = !fits && option.value !== criterion.scale;
  }
}

function refreshGates(gate, criterion) {
  const inWords = (value) => {
    if (criterion.scale !== "levels") return "If it is not met";
    const label = sortedLevels(criterion).find((level) => level.value === value)?.label;
    return `Below ${value}${label ? `, ${label}` : ""}`;
  };
  const options = [
    new Option("No gate", ""),
    ...levelValues(criterion)
      .slice(1)
      .map((value) => new Option(inWords(value), value)),
  ];
  // A gate that the scale no longer has stays visible, so that it can be mended.
  if (criterion.gate !== null && !options.some((option) => option.value === String(criterion.gate)))
    options.push(new Option(criterion.gate, criterion.gate));
  gate.replaceChildren(...options);
  gate.value = criterion.gate ?? "";
}

function drawTags(form, path, draft) {
  const input = form.querySelector("[data-tags]");
  input.dataset.path = `${path}.tags`;
  input.value = (draft.criterion.tags ?? []).join(", ");
  input.addEventListener("input", () => {
    setTags(draft.criterion, input.value);
    draft.changed({ label: "Tags", key: input.dataset.path, at: input.dataset.path });
  });
}

function drawSpans(form, path, draft) {
  const { criterion } = draft;
  const fields = form.querySelector("[data-spans]");
  fields.dataset.path = `${path}.spans`;
  for (const box of fields.querySelectorAll("[data-span]")) {
    box.checked = criterion.spans.includes(box.dataset.span);
    box.addEventListener("change", () => {
      criterion.spans = [...fields.querySelectorAll("[data-span]:checked")].map(
        (one) => one.dataset.span,
      );
      draft.changed({ label: "What the rater reads", at: `${path}.spans` });
    });
  }
  const gate = form.querySelector("[data-gate]");
  gate.dataset.path = `${path}.gate`;
  gate.addEventListener("change", () => {
    criterion.gate = gate.value === "" ? null : Number(gate.value);
    draft.changed({ label: "Gate", at: gate.dataset.path });
  });
}
