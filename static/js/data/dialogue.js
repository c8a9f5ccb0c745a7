// The dialogue page: all spans at once with O, the dialogues beside with [ and ].
import { typing } from "../studio.js";

const spans = [...document.querySelectorAll("details.span")];
const button = document.querySelector("[data-spans]");

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
  if (typing(event)) return;
  if (event.key === "o" && spans.length) toggleSpans();
  if (event.key === "[" || event.key === "]")
    document.querySelector(`[data-key="${event.key}"]`)?.click();
});
