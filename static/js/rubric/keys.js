// The keys of the editor.
import { $ } from "../lib/dom.js";
import { isTyping, keyOf } from "../lib/keys.js";

export function listenForKeys({ draft, undo, actions, save, score }) {
  const commands = {
    s: { run: save },
    enter: { run: score },
    z: { run: () => undo.undo(), isOfDraft: true },
    "shift z": { run: () => undo.redo(), isOfDraft: true },
    y: { run: () => undo.redo(), isOfDraft: true },
  };

  /** Fields that are not the draft's, such as a comment, have an undo of their own. */
  const isForeign = (target) =>
    target.matches("input, textarea, select, [contenteditable]") &&
    !(draft.form.contains(target) && target.closest("[data-path]"));

  function moveCriterion(event) {
    const inList = draft.find(document.activeElement?.dataset.pick);
    // In a list of choices these keys open it.
    const isTaken = event.target.matches("select") || isForeign(event.target);
    const criterion = inList ?? (isTaken ? null : draft.criterion);
    if (!criterion) return;
    event.preventDefault();
    actions.shift(criterion, event.key === "ArrowUp" ? -1 : 1);
  }

  document.addEventListener("keydown", (event) => {
    if ($("dialog[open]")) return;
    const hasControl = event.ctrlKey || event.metaKey;
    const key = keyOf(event);
    const command = hasControl && commands[`${event.shiftKey ? "shift " : ""}${key}`];
    if (command && !(command.isOfDraft && isForeign(event.target))) {
      event.preventDefault();
      // A key that is held acts once, but for undo and redo.
      if (!event.repeat || command.isOfDraft) command.run();
    } else if (key === "n" && !isTyping(event)) {
      event.preventDefault();
      if (!event.repeat) actions.add();
    } else if (event.altKey && ["arrowup", "arrowdown"].includes(key)) {
      moveCriterion(event);
    }
  });
}
