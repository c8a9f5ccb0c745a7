// Two versions side by side: choosing another one, the layout, and walking from change to change.
import { $, $$ } from "../lib/dom.js";
import { isTyping, keyOf } from "../lib/keys.js";

const form = $("[data-compare]");
const panes = $("[data-layout]");
const changes = $$("[data-change]");
const picks = $$(".pick a");
let at = -1;

form.addEventListener("change", (event) => {
  if (event.target.name === "layout") setLayout(event.target.value);
  else form.submit();
});

function setLayout(layout) {
  panes.dataset.layout = layout;
  const address = new URL(location);
  address.searchParams.set("layout", layout);
  history.replaceState(null, "", address);
}

function go(step) {
  if (!changes.length) return;
  at = Math.min(Math.max(at + step, 0), changes.length - 1);
  changes[at].focus({ preventScroll: true });
  changes[at].scrollIntoView({ block: "center" });
  mark(changes[at].closest("section")?.id);
}

function mark(id) {
  for (const pick of picks) {
    if (pick.hash === `#${id}`) pick.setAttribute("aria-current", "true");
    else pick.removeAttribute("aria-current");
  }
}

for (const pick of picks)
  pick.addEventListener("click", () => {
    mark(pick.hash.slice(1));
    at = changes.findIndex((change) => change.closest("section")?.id === pick.hash.slice(1)) - 1;
  });

// Before the page's own J and K, which walk through lists of links.
document.addEventListener(
  "keydown",
  (event) => {
    if (isTyping(event)) return;
    const key = keyOf(event);
    if (key === "j" || key === "k") {
      event.stopImmediatePropagation();
      go(key === "j" ? 1 : -1);
    } else if (key === "v" && !event.repeat) {
      const other = $("[name=layout]:not(:checked)", form);
      other.checked = true;
      setLayout(other.value);
    }
  },
  { capture: true },
);
