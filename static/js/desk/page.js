// The page of the desk and of an adjudication. One item is #desk; htmx swaps it for the next one.
import { $ } from "../lib/dom.js";
import { keepsSignInOut, parseJson } from "../lib/http.js";
import { toast } from "../lib/toast.js";
import { Clock } from "./clock.js";
import { Item } from "./item.js";
import { onKey } from "./keys.js";

const clock = new Clock();
let item = null;
let kind = null;

/** `Criteria` is the class of an item's criteria, `commands` what its letters do. */
export function followPage({ Criteria, commands }) {
  kind = { Criteria, commands };
}

/** The criteria of the item that an element belongs to; null while its rating is under way. */
export const criteriaOf = (element) =>
  item?.root.contains(element) && !item.isBusy ? item.criteria : null;

function start() {
  const root = $("[data-desk]");
  if (item?.root === root) return;
  item?.end();
  item = root ? new Item(root, clock, kind.Criteria) : null;
  // Says that keys are heard from now on.
  if (root) root.dataset.ready = "";
}

// After htmx has looked at the page, which it does at the same event: Enter is then its to send.
document.addEventListener("DOMContentLoaded", start);
document.addEventListener("htmx:historyRestore", start);
document.addEventListener("htmx:afterSwap", () => {
  start();
  if (item) $("h1", item.root)?.focus({ preventScroll: true });
});

document.addEventListener("change", (event) => {
  const crit = event.target.closest?.("[data-rating] .crit");
  if (crit && event.target.type === "radio") item.criteria.rated(crit);
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-rating] textarea")) item.draft.change();
});
document.addEventListener("click", (event) => {
  const head = event.target.closest?.(".crit > header");
  if (head) item?.criteria?.open(head.parentElement);
});
document.addEventListener("keydown", (event) => {
  if (item) onKey(event, item, kind.commands);
});

document.addEventListener("htmx:confirm", (event) => {
  if (event.target.matches("[data-undo]") && item?.isBusy) {
    event.preventDefault();
    toast(item.submission.whyBusy);
  }
  if (event.target !== item?.form) return;
  event.preventDefault();
  const { submission } = item;
  if (submission.mayBegin()) submission.prepare().then(() => event.detail.issueRequest(true));
});
window.addEventListener("online", () => item?.submission?.sendAgain());
document.addEventListener("htmx:beforeSwap", (event) => {
  if (keepsSignInOut(event)) item.submission?.failed({ status: 401 });
});
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"])
  document.addEventListener(failure, (event) => {
    const { xhr } = event.detail;
    if (event.target === item?.form) item.submission.failed(xhr);
    else if (item?.root.contains(event.target) || event.target === document.body)
      toast(parseJson(xhr?.responseText)?.detail ?? "The studio could not be reached. Try again.");
  });

// The rating arrived. This comes before the swap.
document.addEventListener("desk:submitted", (event) => {
  item.submitted();
  toast(event.detail.message);
});
document.addEventListener("desk:skipped", (event) => toast(event.detail.message));
document.addEventListener("desk:undone", (event) => toast(event.detail.message));
document.addEventListener("desk:flagged", (event) => {
  $("#flag")?.close();
  toast(event.detail.message);
});
