// Who a key press is meant for.
import { $ } from "./dom.js";

/**
 * Where a key was pressed. A dialog that was just closed keeps the focus until the browser has
 * drawn the page again: what is pressed meanwhile is meant for the page, not for a hidden button.
 */
export function pressedAt(event) {
  return event.target.closest("dialog:not([open])") ? document.body : event.target;
}

const IN_TEXT = "textarea, select, input:not([type=radio], [type=checkbox])";

// A field may go while somebody types in it: a live page draws itself anew, a colleague removes what
// it belongs to. The rest of the word is no command. Typing ends when the person leaves the field.
let isWriting = false;

globalThis.document?.addEventListener(
  "keydown",
  (event) => {
    if (!pressedAt(event).matches(IN_TEXT)) {
      if (["Escape", "Tab"].includes(event.key)) isWriting = false;
      return;
    }
    const isSent = event.key === "Enter" && !event.target.matches("textarea");
    const isLeft = ["Escape", "Tab"].includes(event.key) || isSent;
    isWriting = !isLeft && !event.ctrlKey && !event.metaKey && !event.altKey;
  },
  { capture: true },
);
globalThis.document?.addEventListener("pointerdown", () => (isWriting = false), { capture: true });

/** True where a single letter is typed text and not a command. */
export function isTyping(event) {
  const at = pressedAt(event);
  return (
    event.metaKey ||
    event.ctrlKey ||
    event.altKey ||
    at.isContentEditable ||
    at.matches(IN_TEXT) ||
    isWriting ||
    document.body.dataset.singleKeys === "off" ||
    $("dialog[open]") !== null
  );
}
