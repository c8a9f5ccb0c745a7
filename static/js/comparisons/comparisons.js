// The page on which pairs are judged. One pair is #desk; htmx swaps it for the next one.
import { Clock } from "../desk/clock.js";
import { $, $$, toggleAll } from "../lib/dom.js";
import { keepsSignInOut, parseJson } from "../lib/http.js";
import { isTyping, keyOf, pressedAt } from "../lib/keys.js";
import { toast } from "../lib/toast.js";
import { endUndoInTime } from "../lib/undo.js";

// Nobody reads two replies faster: a key pressed twice by mistake must not judge the next pair.
const UNREAD_MS = 400;
const UNDER_WAY = "Your judgement is being submitted, so the key did nothing.";
const UNREAD =
  "This pair has only just appeared, so the key did nothing. Read it, then press again.";

const clock = new Clock();
let root = null;
let undoTimer = 0;

const form = () => $("[data-judging]", root);

function start() {
  const found = $("#desk");
  if (!found || found === root) return;
  root = found;
  clearTimeout(undoTimer);
  undoTimer = endUndoInTime(root);
  root.closest(".page-in").classList.toggle("is-wide", Boolean(form()));
  if (form()) clock.begin(0);
  else clock.stop();
  setTimeout(() => {
    found.dataset.ready = "";
  }, UNREAD_MS);
}

document.addEventListener("DOMContentLoaded", start);
document.addEventListener("htmx:historyRestore", start);
document.addEventListener("htmx:afterSwap", () => {
  start();
  $("h1", root)?.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || !root) return;
  const run = actionOf(event, keyOf(event));
  if (!run) return;
  event.preventDefault();
  // A key that is held acts once.
  if (!event.repeat) run();
});

/** What the key does; null where it is not one of ours. */
function actionOf(event, key) {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && key === "z")
    return !pressedAt(event).matches("textarea, input") && undoForm() ? undo : null;
  return form() && !isTyping(event) ? letterAction(key) : null;
}

function letterAction(key) {
  const button = $(`[data-key="${CSS.escape(key)}"]`, form());
  if (button) return () => (isReady() ? button.click() : toast(whyNot()));
  if (key === "o") return () => toggleAll($$("[data-span]", root));
  if (key === "p") return () => toggleAll($$("[data-profile]", root));
  return null;
}

const isReady = () => "ready" in root.dataset && !form()?.inert;
const whyNot = () => (form()?.inert ? UNDER_WAY : UNREAD);

const undoForm = () => $("[data-undo]", root);

/** Take the last judgement back, unless one is on its way. */
function undo() {
  if (!form()?.inert) undoForm().requestSubmit();
}

// Before htmx reads the form.
document.addEventListener(
  "submit",
  (event) => {
    if (event.target === form())
      event.target.elements.active_seconds.value = clock.seconds.toFixed(1);
  },
  true,
);
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target === form()) event.target.inert = true;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!keepsSignInOut(event)) return;
  release();
  toast("Not submitted: you are signed out. Reload the page to sign in.");
});
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"])
  document.addEventListener(failure, (event) => {
    release();
    const { xhr } = event.detail;
    toast(parseJson(xhr?.responseText)?.detail ?? "The studio could not be reached. Try again.");
  });

function release() {
  if (form()) form().inert = false;
}

// The judgement arrived. This comes before the swap.
document.addEventListener("pair:judged", (event) => toast(event.detail.message));
