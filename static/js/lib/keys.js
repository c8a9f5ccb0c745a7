// Who a key press is meant for.
import { $ } from "./dom.js";

/**
 * Where a key was pressed. A dialog that was just closed keeps the focus until the browser has
 * drawn the page again: what is pressed meanwhile is meant for the page, not for a hidden button.
 */
export function pressedAt(event) {
  return event.target.closest("dialog:not([open])") ? document.body : event.target;
}

/** True where a single letter is typed text and not a command. */
export function isTyping(event) {
  const at = pressedAt(event);
  return (
    event.metaKey ||
    event.ctrlKey ||
    event.altKey ||
    at.isContentEditable ||
    at.matches("textarea, select, input:not([type=radio], [type=checkbox])") ||
    document.body.dataset.singleKeys === "off" ||
    $("dialog[open]") !== null
  );
}
