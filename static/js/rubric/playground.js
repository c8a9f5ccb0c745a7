// The playground beside the editor: what to score, the click, and scores that the draft outran.
import { $, $$, element } from "../lib/dom.js";
import { newId } from "../lib/id.js";
import { toast } from "../lib/toast.js";

const pane = () => $("[data-playground]");
const form = () => $("[data-playground-form]");
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

// Scoring: the editor saves first, whoever asked.

document.addEventListener("rubric:score", go);

function go() {
  const at = form();
  if (!at) return;
  at.elements.key.value = newId();
  $("#playground-refused").replaceChildren();
  htmx.trigger(at, "playground:go");
}

function scoreWhenSaved() {
  const saved = $("[data-saved]");
  if (!saved || saved.dataset.state === "saved") return go();
  if (saved.dataset.state === "failed")
    return refuse("The draft is not saved yet, so it can’t be scored. Your text is kept.");
  document.addEventListener("rubric:saved", go, { once: true });
}

// Enter in a field of one line would send the form as a page of its own.
document.addEventListener("submit", (event) => {
  if (event.target === form()) event.preventDefault();
});

function refuse(words) {
  const line = element("p", { className: "lint is-error" });
  line.append(element("span", { textContent: words }));
  $("#playground-refused").replaceChildren(line);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  if (requestConfig.elt !== form()) return;
  // A refusal of ours says where it goes; any other error page stays out of the pane.
  if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
    event.detail.swapOverride = "innerHTML";
  }
});

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.requestConfig.elt !== form()) return;
  const gone = [401, 403, 404].includes(event.detail.xhr.status);
  refuse(
    gone
      ? "You can no longer try this draft, because your role or the draft has changed. Your text stays here."
      : "Something went wrong. Nothing was scored. Try again.",
  );
});
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.requestConfig.elt === form())
    refuse("The studio can’t be reached. Your text stays here. Try again.");
});

// What to score

document.addEventListener("click", (event) => {
  const { target } = event;
  if (!pane()?.contains(target)) return;
  if (target.closest("[data-score]")) return scoreWhenSaved();
  if (target.closest("[data-drop]")) return target.closest("li").remove();
  if (target.closest("[data-alone]")) return placeAfter("", "");
  const pick = target.closest("[data-pk]");
  const add = target.closest("[data-pick-add]");
  if (add) addPick(pick, add.dataset.pickAdd);
  if (target.closest("[data-pick-write]")) writeInstead(pick);
});

function addPick({ dataset: { pk, title } }, name) {
  const list = $("[data-picked]");
  if ($(`[value="${CSS.escape(pk)}"]`, list)) return toast(`You have already picked ${title}.`);
  const item = element("li");
  const drop = element("button", {
    type: "button",
    className: "link-btn",
    textContent: "Remove",
  });
  drop.dataset.drop = "";
  drop.setAttribute("aria-label", `Remove ${title}`);
  item.append(
    element("span", { textContent: title }),
    element("input", { type: "hidden", name, value: pk }),
    drop,
  );
  list.append(item);
}

function writeInstead({ dataset: { pk, title, text } }) {
  const reply = form().elements.text;
  reply.value = text;
  placeAfter(pk, `Replaces ${title}, after the same earlier turns.`);
  $("[data-picker]").open = false;
  reply.focus();
}

function placeAfter(pk, where) {
  form().elements.after.value = pk;
  $("[data-where]").textContent = where || "On its own, without a dialogue before it.";
  $("[data-alone]").hidden = !pk;
  $("[data-before]").hidden = Boolean(pk);
}

// The judge: what it can't tell is said before the click.

function aboutJudge() {
  const select = form()?.elements.judge;
  if (!select) return;
  const { kind, unread } = select.selectedOptions[0].dataset;
  const note = $("[data-learned]");
  note.hidden = kind !== "learned";
  const unscored = unread === "1" ? "one criterion" : `${unread} criteria`;
  const cannot = Number(unread) ? ` It has no ratings for the current wording of ${unscored}.` : "";
  note.textContent = `Learned from ratings; it does not read wording.${cannot}`;
}
document.addEventListener("change", (event) => {
  if (event.target === form()?.elements.judge) aboutJudge();
});

// Scores are of a text. When the draft moves on they say so; the server knows whether it came back.

function stale() {
  const tried = $("#tried");
  if (!tried || "stale" in tried.dataset) return;
  tried.dataset.stale = "";
  $("[data-stale-note]", tried).hidden = false;
}

// One request at a time (hx-sync): a look that is answered after a new try has begun would take the
// place that the try's answer goes to.
function lookAgain() {
  const result = $("#playground-result[data-run]");
  if (result)
    htmx.ajax("GET", result.dataset.again, { source: result, target: result, swap: "outerHTML" });
}

const saved = $("[data-saved]");
if (saved)
  new MutationObserver(() => {
    if (saved.dataset.state !== "saved") stale();
  }).observe(saved, { attributeFilter: ["data-state"] });
document.addEventListener("rubric:saved", lookAgain);

function sayAgo() {
  for (const time of $$("time[data-ago]")) {
    const minutes = Math.round((Date.parse(time.dateTime) - Date.now()) / 60000);
    if (minutes > -60)
      time.textContent = minutes === 0 ? "just now" : ago.format(minutes, "minute");
  }
}
setInterval(sayAgo, 20000);
for (const event of ["htmx:afterSettle", "htmx:wsAfterMessage"])
  document.addEventListener(event, () => {
    sayAgo();
    aboutJudge();
  });
