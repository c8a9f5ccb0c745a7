// Comments on places of a page. Each element with `data-thread` gets a button that opens the threads
// of its place; the server says over the socket how many are open, and pages that others read follow.
import { $, $$, cloneTemplate, pageData } from "./lib/dom.js";
import { keepPlace } from "./lib/focus.js";
import { get } from "./lib/http.js";
import { isTyping, keyOf } from "./lib/keys.js";
import { toast } from "./lib/toast.js";

const dialog = document.getElementById("threads");
const panel = $("[data-panel]", dialog);
/** In place of an anchor: all places where something is open. */
const ALL = Symbol("all");
// Where the panel stands over the page, it gives way to the place that it leads to.
const isNarrow = matchMedia("(width <= 52rem)");
let anchor = null;
let pointed = null;

const anchorOf = (hook) => (hook.dataset.thread === "rubric" ? "" : hook.dataset.thread);
const signal = () => document.getElementById("threads-signal");

function addButtons() {
  for (const hook of $$("[data-thread]")) {
    if (ownParts(hook, ".threads-button").length) continue;
    const own = cloneTemplate("t-threads");
    own.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
      open(anchorOf(hook));
    });
    placeIn(hook).append(own);
  }
  count();
}

/** The parts of `hook` that do not belong to another hook inside it. */
const ownParts = (hook, selector) =>
  $$(selector, hook).filter((part) => part.closest("[data-thread]") === hook);

function placeIn(hook) {
  return (
    ownParts(hook, "[data-thread-place]")[0] ??
    $("header, .section-head .row, .section-head, .row.tight", hook) ??
    hook
  );
}

function count() {
  const counts = pageData("threads-counts");
  for (const own of $$(".threads-button")) {
    const n = counts[anchorOf(own.closest("[data-thread]"))] ?? 0;
    $("[data-n]", own).textContent = n || "";
    own.classList.toggle("has-open", n > 0);
    own.title = n ? `${n} open (C)` : "Comment (C)";
  }
  const total = Number(signal().dataset.total);
  for (const place of $$("[data-threads-total]")) {
    place.hidden = total === 0;
    place.textContent = `${total} open comment${total === 1 ? "" : "s"}`;
  }
  document.dispatchEvent(new CustomEvent("threads:counted"));
}

async function open(at) {
  anchor = at;
  if (!dialog.open) dialog.show();
  await refresh();
  ($("textarea", panel) ?? $("[data-lead]", panel))?.focus();
}

const hookOf = (at) => $(`[data-thread="${CSS.escape(at)}"]`);

/** Show the place that is spoken of. The editor opens the criterion first. */
function lead(at) {
  if (!hookOf(at))
    document.dispatchEvent(new CustomEvent("threads:lead", { detail: { anchor: at } }));
  const hook = hookOf(at);
  if (!hook) {
    toast("This part of the text was removed.");
    return;
  }
  if (isNarrow.matches) dialog.close();
  else {
    anchor = anchorOf(hook);
    refresh();
  }
  hook.tabIndex = -1;
  hook.focus({ preventScroll: true });
  hook.scrollIntoView({ block: hook.offsetHeight > innerHeight / 2 ? "start" : "center" });
}

/** Ask for the panel anew. What somebody is typing in it stays, and so does the focus. */
async function refresh() {
  const wanted = anchor;
  const answer = await get(dialog.dataset.url, wanted === ALL ? { all: 1 } : { anchor: wanted });
  if (wanted !== anchor) return;
  if (!answer.ok) {
    panel.textContent = "The comments could not be loaded. Close this panel and open it again.";
    return;
  }
  const restorePlace = keepPlace(panel);
  // Markup of our own server, in which all text of people is escaped.
  panel.innerHTML = answer.text;
  window.htmx.process(panel);
  restorePlace();
}

let stamp = signal().dataset.stamp;
new MutationObserver(() => {
  if (!signal() || signal().dataset.stamp === stamp) return;
  stamp = signal().dataset.stamp;
  count();
  if (dialog.open) refresh();
}).observe(signal().parentElement, {
  childList: true,
  subtree: true,
  attributes: true,
  attributeFilter: ["data-stamp"],
});

document.addEventListener("click", ({ target }) => {
  const leads = target.closest("[data-lead]");
  if (leads) lead(leads.dataset.lead);
  else if (target.closest("[data-threads-total], [data-all-threads]")) open(ALL);
});
document.addEventListener("pointerover", (event) => {
  pointed = event.target.closest("[data-thread]") ?? pointed;
});
document.addEventListener("rubric:drawn", addButtons);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && dialog.open && dialog.contains(event.target)) {
    dialog.close();
    return;
  }
  if (keyOf(event) !== "c" || isTyping(event)) return;
  const focused = document.activeElement?.closest("[data-thread]");
  const hook = focused ?? (pointed?.isConnected ? pointed : null);
  event.preventDefault();
  open(hook ? anchorOf(hook) : "");
});
addButtons();
