// The vetoes of a rubric: on as they are by default, for some criteria only, or off, with a reason.
import { $, $$, element } from "../lib/dom.js";
import { canCap, changeVeto, resetVeto, vetoOf } from "./text.js";

/** Let the controls of each veto hold its entry in the text. A rubric of dialogues has no vetoes. */
export function drawVetoes(form, draft) {
  const section = $("[data-vetoes]", form);
  section.hidden = draft.text.target === "dialogue" && !draft.text.vetoes;
  for (const box of $$("[data-veto]", section)) drawVeto(box, draft);
}

function drawVeto(box, draft) {
  const { text } = draft;
  const { veto } = box.dataset;
  const entry = vetoOf(text, veto);
  const path = entry ? `vetoes[${text.vetoes.indexOf(entry)}]` : "";
  drawMode(box, entry, path, draft);
  drawCriteria(box, entry, path, draft);
  drawReason(box, entry, path, draft);
}

function drawMode(box, entry, path, draft) {
  const { text } = draft;
  const { veto } = box.dataset;
  const mode = $("[data-mode]", box);
  mode.value = modeOf(entry);
  mode.dataset.path = path;
  mode.addEventListener("change", () => {
    if (mode.value === "default") resetVeto(text, veto);
    else changeVeto(text, veto, { criteria: mode.value === "some" ? capped(text, veto) : [] });
    draft.changed({ label: "Vetoes", at: "vetoes" });
    draft.redraw(`#${mode.id}`);
  });
}

function modeOf(entry) {
  if (!entry) return "default";
  return entry.criteria.length ? "some" : "off";
}

const capped = (text, veto) =>
  text.criteria.filter((criterion) => canCap(veto, criterion)).map(({ uid }) => uid);

function drawCriteria(box, entry, path, draft) {
  const { text } = draft;
  const list = $("[data-capped]", box);
  const isShown = modeOf(entry) === "some";
  list.closest("fieldset").hidden = !isShown;
  if (!isShown) return;
  list.dataset.path = `${path}.criteria`;
  const boxes = text.criteria
    // A criterion that can't be capped any more stays until it is taken out.
    .filter(({ uid, ...rest }) => canCap(box.dataset.veto, rest) || entry.criteria.includes(uid))
    .map((criterion) => criterionBox(criterion, entry.criteria.includes(criterion.uid)));
  list.replaceChildren(...boxes);
  list.addEventListener("change", () => {
    const chosen = $$("input:checked", list).map((check) => check.value);
    changeVeto(text, box.dataset.veto, { criteria: chosen });
    draft.changed({ label: "Vetoes", at: list.dataset.path });
    // Without any criterion the veto is off, and its controls are others.
    if (!chosen.length) draft.redraw(`#${$("[data-mode]", box).id}`);
  });
}

function criterionBox(criterion, checked) {
  const label = element("label", { className: "check" });
  label.append(
    element("input", { type: "checkbox", value: criterion.uid, checked }),
    element("span", { textContent: criterion.name || "New criterion" }),
  );
  return label;
}

function drawReason(box, entry, path, draft) {
  const reason = $("[data-reason]", box);
  reason.closest(".field").hidden = !entry;
  if (!entry) return;
  reason.value = entry.reason;
  reason.dataset.path = `${path}.reason`;
  reason.addEventListener("input", () => {
    changeVeto(draft.text, box.dataset.veto, { reason: reason.value });
    draft.changed({ label: "Vetoes", key: reason.dataset.path, at: reason.dataset.path });
  });
}
