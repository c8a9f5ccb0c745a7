// The list of criteria: choose one, move one with the pointer.
import { $, $$, element } from "../lib/dom.js";
import { keepPlace } from "../lib/focus.js";
import { share } from "./text.js";

const list = $("[data-criteria]");
let dragged = null;
let drawn;

/** `notes(criterion)` are the small words below a name, such as who is there. */
export function drawList(text, current, notes) {
  $("[data-title]").textContent = text.title || "Untitled rubric";
  $("[data-count]").textContent = text.criteria.length;
  $("[data-no-criteria]").hidden = text.criteria.length > 0;
  const restorePlace = keepPlace(list);
  const rows = text.criteria.map((criterion) => ({
    criterion,
    share: share(text, criterion),
    notes: notes(criterion),
  }));
  // Other people come and go every few seconds: rows that stay as they are keep what a person does with them.
  const looks = JSON.stringify(
    rows.map(({ criterion: { uid, name, gate }, ...shown }) => ({ uid, name, gate, ...shown })),
  );
  if (looks !== drawn && dragged === null) {
    list.replaceChildren(...rows.map(row));
    drawn = looks;
  }
  for (const link of $$(".pick [data-pick]")) {
    if (link.dataset.pick === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  restorePlace();
  list.dispatchEvent(new CustomEvent("rubric:listed", { bubbles: true }));
}

function row({ criterion, share, notes }) {
  const link = element("a", { href: `#${encodeURIComponent(criterion.uid)}`, draggable: true });
  link.dataset.pick = criterion.uid;
  link.append(
    element("span", { textContent: criterion.name || "New criterion" }),
    element("span", { className: "n", textContent: share }),
  );
  const small = [criterion.gate === null ? "" : `Gate below ${criterion.gate}`, ...notes].filter(
    Boolean,
  );
  if (small.length) link.append(element("small", { textContent: small.join(", ") }));
  return link;
}

/** `drop(uid, index)`: put the criterion where `index` is now. */
export function enableDragging(drop) {
  const clear = () => {
    for (const row of list.children) delete row.dataset.drop;
  };
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-pick]")?.dataset.pick ?? null;
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-pick]");
    if (!dragged || !over) return;
    event.preventDefault();
    clear();
    over.dataset.drop = isBelow(over, event) ? "after" : "before";
  });
  list.addEventListener("drop", (event) => {
    const over = event.target.closest("[data-pick]");
    if (!dragged || !over) return;
    event.preventDefault();
    const uid = dragged;
    dragged = null;
    drop(uid, [...list.children].indexOf(over) + (isBelow(over, event) ? 1 : 0));
  });
  list.addEventListener("dragend", () => {
    dragged = null;
    clear();
  });
}

function isBelow(row, event) {
  const { top, height } = row.getBoundingClientRect();
  return event.clientY > top + height / 2;
}
