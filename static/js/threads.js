// Comments on places of a page. Each element with `data-thread` gets a button that opens the threads
// of its place; the server says over the socket how many are open, and pages that others read follow.
import { csrf, typing } from "./studio.js";

const dialog = document.getElementById("threads");
const panel = dialog.querySelector("[data-panel]");
const button = document.getElementById("t-threads").content.firstElementChild;
let anchor = null;
let pointed = null;

const anchorOf = (hook) => (hook.dataset.thread === "rubric" ? "" : hook.dataset.thread);
const signal = () => document.getElementById("threads-signal");

function hang() {
  for (const hook of document.querySelectorAll("[data-thread]")) {
    if (
      [...hook.querySelectorAll(".threads-button")].some(
        (each) => each.closest("[data-thread]") === hook,
      )
    )
      continue;
    const own = button.cloneNode(true);
    own.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
      open(anchorOf(hook));
    });
    placeIn(hook).append(own);
  }
  count();
}

function placeIn(hook) {
  const places = [...hook.querySelectorAll("[data-thread-place]")].filter(
    (place) => place.closest("[data-thread]") === hook,
  );
  return (
    places[0] ?? hook.querySelector("header, .section-head .row, .section-head, .row.tight") ?? hook
  );
}

function count() {
  const counts = JSON.parse(document.getElementById("threads-counts").textContent);
  for (const own of document.querySelectorAll(".threads-button")) {
    const n = counts[anchorOf(own.closest("[data-thread]"))] ?? 0;
    own.querySelector("[data-n]").textContent = n || "";
    own.classList.toggle("has-open", n > 0);
    own.title = n ? `${n} open (C)` : "Comment (C)";
  }
  const total = Number(signal().dataset.total);
  for (const place of document.querySelectorAll("[data-threads-total]")) {
    place.hidden = total === 0;
    place.textContent = `${total} open comment${total === 1 ? "" : "s"}`;
  }
}

async function open(at) {
  anchor = at;
  if (!dialog.open) dialog.show();
  await refresh();
  panel.querySelector("textarea")?.focus();
}

/** Ask for the panel anew. What somebody is typing in it stays, and so does the focus. */
async function refresh() {
  const wanted = anchor;
  const reply = await fetch(`${dialog.dataset.url}?${new URLSearchParams({ anchor: wanted })}`, {
    headers: { "X-CSRFToken": csrf() },
  }).catch(() => null);
  if (wanted !== anchor) return;
  if (!reply?.ok) {
    panel.textContent = "The comments could not be read. Close this and open it again.";
    return;
  }
  const html = await reply.text();
  const typed = new Map(
    [...panel.querySelectorAll("textarea")]
      .filter((area) => area.value !== area.defaultValue)
      .map((area) => [area.id, area.value]),
  );
  const unfolded = [...panel.querySelectorAll("details[open]")].map((details) => details.id);
  const focused = panel.contains(document.activeElement) ? document.activeElement.id : "";
  panel.innerHTML = html;
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, value] of typed) {
    const area = document.getElementById(id);
    if (area) area.value = value;
  }
  window.htmx.process(panel);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
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

document.addEventListener("pointerover", (event) => {
  pointed = event.target.closest("[data-thread]") ?? pointed;
});
document.addEventListener("rubric:drawn", hang);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && dialog.open && dialog.contains(event.target)) {
    dialog.close();
    return;
  }
  if (event.key !== "c" || typing(event)) return;
  const focused = document.activeElement?.closest("[data-thread]");
  const hook = focused ?? (pointed?.isConnected ? pointed : null);
  event.preventDefault();
  open(hook ? anchorOf(hook) : "");
});
hang();
