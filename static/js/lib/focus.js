// A part of the page is replaced by a new drawing of itself: readers keep their place in it.
import { $, $$ } from "./dom.js";

/** A selector that finds `element` in the new drawing, or null. */
export function selectorOf(element) {
  const { id, dataset } = element;
  if (id) return `#${CSS.escape(id)}`;
  if (element.matches("summary")) {
    const details = element.parentElement.id;
    return details ? `#${CSS.escape(details)} > summary` : null;
  }
  if (dataset.do) return `[data-do="${CSS.escape(dataset.do)}"]`;
  if (!dataset.pick) return null;
  const path = dataset.path === undefined ? "" : `[data-path="${CSS.escape(dataset.path)}"]`;
  return `[data-pick="${CSS.escape(dataset.pick)}"]${path}`;
}

/**
 * Remember where the reader is in `root`: the focus, what is unfolded, what is typed and not sent,
 * how far tables and charts are scrolled. All but the focus needs an id. The function that comes
 * back restores it; call it once the new drawing is there.
 */
export function keepPlace(root = document) {
  const active = document.activeElement;
  const focused = active && root.contains(active) ? selectorOf(active) : null;
  const unfolded = $$("details[open][id]", root).map(({ id }) => id);
  const typed = $$("textarea[id]", root)
    .filter((area) => area.value !== area.defaultValue)
    .map(({ id, value }) => [id, value]);
  const scrolled = $$(".table-scroll[id], .chart[id]", root).map((box) => [
    box.id,
    box.scrollLeft,
    box.scrollTop,
  ]);
  return () => {
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
    for (const [id, value] of typed) setValue(document.getElementById(id), value);
    for (const [id, left, top] of scrolled)
      document.getElementById(id)?.scrollTo({ left, top, behavior: "instant" });
    if (focused && document.activeElement !== active)
      $(focused, root)?.focus({ preventScroll: true });
  };
}

function setValue(area, value) {
  if (area && area.value !== value) area.value = value;
}
