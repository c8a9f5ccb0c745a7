// Controls that hold a field of the text each.
import { setKind, setScale } from "./text.js";

/** Let each `data-f` control of `root` hold that field of `object`. */
export function bind(root, object, path, draft) {
  for (const control of root.querySelectorAll("[data-f]")) {
    const field = control.dataset.f;
    control.value = object[field] ?? "";
    control.dataset.path = path ? `${path}.${field}` : field;
    control.addEventListener("input", () => {
      const value = read(control);
      if (value === undefined) {
        control.setAttribute("aria-invalid", "true");
        return;
      }
      control.removeAttribute("aria-invalid");
      if (field in RESHAPES) reshape(object, field, value, draft);
      else object[field] = value;
      draft.changed({
        label: nameOf(control),
        key: control.matches("select") ? null : control.dataset.path,
        at: control.dataset.path,
      });
      // A choice decides which other controls there are and what they hold.
      if (control.matches("select")) draft.redraw(`#${control.id}`);
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

function reshape(criterion, field, value, draft) {
  const written = () => criterion.levels.filter((level) => level.label || level.anchor).length;
  const before = written();
  RESHAPES[field](criterion, value);
  if (!before) return;
  const lost = before - written();
  draft.removed(
    lost
      ? `The text of ${lost === 1 ? "one level" : `${lost} levels`} was removed with the old scale.`
      : "The scale was changed.",
  );
}

function nameOf(control) {
  // biome-ignore lint/performance/useDomNodeTextContent: textContent has the line breaks of the source
  return control.getAttribute("aria-label") ?? control.labels?.[0]?.innerText.trim() ?? "the text";
}

function read(control) {
  if (!("number" in control.dataset)) return control.value;
  const typed = control.value.replace(",", ".").replace("−", "-").replace("%", "").trim();
  if (!typed) return "nullable" in control.dataset ? null : undefined;
  const number = Number(typed);
  return Number.isFinite(number) && Math.abs(number) <= 1e6 ? number : undefined;
}
