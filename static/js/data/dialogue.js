// The dialogue page: all spans at once with O, the dialogues beside with [ and ].
import { $, $$ } from "../lib/dom.js";
import { isTyping, keyOf } from "../lib/keys.js";

const spans = $$("details.span");
const button = $("[data-spans]");

function toggleSpans() {
  const open = !spans.every((span) => span.open);
  for (const span of spans) span.open = open;
  button.setAttribute("aria-pressed", String(open));
}

if (spans.length) {
  button.hidden = false;
  button.addEventListener("click", toggleSpans);
}

document.addEventListener("keydown", (event) => {
  // A key that is held acts once.
  if (isTyping(event) || event.repeat) return;
  const key = keyOf(event);
  if (key === "o" && spans.length) toggleSpans();
  if (key === "[" || key === "]") $(`[data-key="${key}"]`)?.click();
});
