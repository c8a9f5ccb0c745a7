// The keys of the desk and of an adjudication. All of a rating can be done with them.
import { $, $$, toggleAll } from "../lib/dom.js";
import { isTyping, keyOf, pressedAt } from "../lib/keys.js";
import { toast } from "../lib/toast.js";

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
  const run = actionOf(event, item, commands);
  if (!run) return;
  event.preventDefault();
  // A key that is held acts once.
  if (!event.repeat) run();
}

/** What the key does; null where it is not one of ours. */
function actionOf(event, item, commands) {
  const key = keyOf(event);
  const at = pressedAt(event);
  if ((event.ctrlKey || event.metaKey) && !event.altKey) return controlAction(event, key, at, item);
  if (!item.form || $("dialog[open]") || event.altKey || event.metaKey) return null;
  if (key === "enter" && !at.closest("button, a, summary, textarea, select"))
    return () => item.form.requestSubmit();
  return isTyping(event) ? null : letterAction(key, item, commands);
}

function controlAction(event, key, at, item) {
  const inText = at.matches("textarea");
  // In a text, Enter is a new line; with Ctrl it submits the form that the text is in.
  const form = inText && item.root.contains(at) ? at.form : item.form;
  if (key === "enter" && form && (inText || !$("dialog[open]"))) return () => form.requestSubmit();
  const isUndo = key === "z" && !event.shiftKey && !inText && item.canUndo;
  return isUndo ? () => item.undo() : null;
}

function letterAction(key, item, commands) {
  const level = item.criteria.levelFor(key);
  if (!level && !(key in commands)) return null;
  // A key for an item that nobody has seen yet means nothing; it is said, not lost.
  if (item.isBusy) return () => toast(item.submission.whyBusy);
  return level ? () => item.criteria.choose(level) : () => commands[key](item);
}
