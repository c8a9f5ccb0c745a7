// Who a key press is meant for, and which key it is on every keyboard.
import { $ } from "./dom.js";

// Keys that have no character to name them by.
const WITHOUT_CHARACTER = ["dead", "process", "unidentified"];
const BY_PLACE = { BracketLeft: "[", BracketRight: "]" };

/**
 * The key of a command, in lower case. Where the character of the key is none of a command, its place
 * counts: digits on a French keyboard, letters on a Russian one, digits on an Arabic one.
 */
export function keyOf({ key: pressed, code = "", shiftKey }) {
  const key = pressed.toLowerCase();
  if (/^[a-z0-9?]$/.test(key)) return key;
  const isNameless = WITHOUT_CHARACTER.includes(key);
  if (key.length > 1 && !isNameless) return key;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  if (digit) return shiftKey ? key : digit;
  // A comma is a comma, also where another keyboard has a letter.
  const isOfOtherScript = isNameless || key > "\x7f";
  if (!isOfOtherScript) return key;
  if (code === "Slash" && shiftKey) return "?";
  return /^Key([A-Z])$/.exec(code)?.[1].toLowerCase() ?? BY_PLACE[code] ?? key;
}

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
