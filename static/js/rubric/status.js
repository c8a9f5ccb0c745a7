// How the saving of the draft stands, in words.
import { $ } from "../lib/dom.js";

/** `state` is saving, saved or failed. */
export function showSaved(state, words) {
  const line = $("[data-saved]");
  if (line.dataset.state !== state && state === "failed") announce(words);
  line.dataset.state = state;
  $("[data-saved-text]").textContent = words;
}

/** Tell those who use a screen reader. */
export function announce(words) {
  $("[data-announce]").textContent = words;
}

/** When the text was saved last: `at` in milliseconds, 0 where it is not known. */
export function savedWhen(at, now = Date.now()) {
  if (!at) return "Saved";
  const seconds = Math.round((now - at) / 1000);
  if (seconds < 5) return "Saved just now";
  if (seconds < 60) return `Saved ${seconds} seconds ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `Saved ${minutes === 1 ? "a minute" : `${minutes} minutes`} ago`;
  const when = new Date(at);
  const time = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  if (when.toDateString() === new Date(now).toDateString()) return `Saved at ${time}`;
  const day = when.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  return `Saved on ${day}, ${time}`;
}
