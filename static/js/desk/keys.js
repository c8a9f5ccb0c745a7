// The keys of the desk and of an adjudication. All of a rating can be done with them.
import { $, $$ } from "../lib/dom.js";
import { isTyping, pressedAt } from "../lib/keys.js";
import { toast } from "../lib/toast.js";
import { UNDER_WAY } from "./submission.js";

/** What a letter does on both; each adds its own. */
export const COMMANDS = {
  j: ({ criteria }) => criteria.openNext(1),
  k: ({ criteria }) => criteria.openNext(-1),
  n: ({ criteria }) => criteria.current && $("textarea", criteria.current)?.focus(),
  o: ({ root }) => toggleAll($$(".turn[aria-current] details", root)),
  p: ({ root }) => toggleAll($$("[data-profile]", root)),
};

export function onKey(event, item, commands) {
  if (event.defaultPrevented) return;
  const at = pressedAt(event);
  if ((event.ctrlKey || event.metaKey) && !event.altKey) {
    onControlKey(event, at, item);
    return;
  }
  if (!item.form || $("dialog[open]") || event.altKey || event.metaKey) return;
  if (event.key === "Enter" && !at.closest("button, a, summary, textarea, select")) {
    event.preventDefault();
    item.form.requestSubmit();
  } else if (!isTyping(event)) {
    onLetter(event, item, commands);
  }
}

function onControlKey(event, at, item) {
  const inText = at.matches("textarea");
  // In a text, Enter is a new line; with Ctrl it submits the form that the text is in.
  const form = inText && item.root.contains(at) ? at.form : item.form;
  if (event.key === "Enter" && form && (inText || !$("dialog[open]"))) {
    event.preventDefault();
    form.requestSubmit();
  }
  if (event.key.toLowerCase() === "z" && !event.shiftKey && !inText && item.undo())
    event.preventDefault();
}

function onLetter(event, item, commands) {
  const key = event.key.toLowerCase();
  const level = item.criteria.levelFor(key);
  if (!level && !(key in commands)) return;
  event.preventDefault();
  // A key for an item that nobody has seen yet means nothing; it is said, not lost.
  if (item.isBusy) toast(UNDER_WAY);
  else if (level) item.criteria.choose(level);
  else commands[key](item);
}

function toggleAll(details) {
  const isOpen = details.some((each) => !each.open);
  for (const each of details) each.open = isOpen;
}
