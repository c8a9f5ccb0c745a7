// The editor of a draft: one text in memory, drawn as a list, a form and what the server says of it.
import { Autosave } from "./autosave.js";
import { drawForm, drawProblems, refreshForm } from "./rubric-form.js";
import { differences, duplicate, move, newCriterion, same, share } from "./rubric-text.js";
import { toast } from "./studio.js";

const $ = (selector, root = document) => root.querySelector(selector);
const json = (id) => JSON.parse(document.getElementById(id).textContent);
const editor = $("[data-editor]");
const list = $("[data-criteria]");
const box = $("[data-form]");

const host = {
  text: json("draft"),
  criterion: null,
  changed() { drawList(); refreshForm(box, host); autosave.changed(); },
  redraw(focus) { drawForm(box, host); showProblems(); if (focus) $(focus, box)?.focus(); },
  /** Something is about to be taken away: offer to bring it back. */
  undoable(words) {
    const before = structuredClone(host.text);
    const uid = host.criterion?.uid;
    toast(words, { label: "Undo", run() { replaceText(before, uid); autosave.changed(); } });
  },
};

const autosave = new Autosave({
  url: editor.dataset.saveUrl,
  keepAs: editor.dataset.keepAs,
  revision: json("draft-saved").revision,
  savedAt: json("draft-saved").saved_at,
  page: {
    text: () => host.text,
    show: showSaved,
    saved(reply) {
      // Markup of our own server, from the template that the page itself came with.
      $("[data-state-box]").innerHTML = reply.state;
      showProblems();
      $("[data-saved-by]").textContent = reply.saved_by;
      for (const field of document.querySelectorAll("[data-revision]")) field.value = reply.revision;
      editor.dispatchEvent(new CustomEvent("rubric:saved", { bubbles: true, detail: { revision: reply.revision } }));
    },
    stale,
  },
});

// The list

function drawList() {
  const current = host.criterion?.uid ?? "about";
  $("[data-title]").textContent = host.text.title || "Untitled rubric";
  $("[data-count]").textContent = host.text.criteria.length;
  $("[data-no-criteria]").hidden = host.text.criteria.length > 0;
  const focused = list.contains(document.activeElement) && document.activeElement.dataset.pick;
  list.replaceChildren(...host.text.criteria.map((criterion) => {
    const link = Object.assign(document.createElement("a"), { href: `#${encodeURIComponent(criterion.uid)}` });
    link.dataset.pick = criterion.uid;
    const name = Object.assign(document.createElement("span"), { textContent: criterion.name || "New criterion" });
    const counts = Object.assign(document.createElement("span"), { className: "n", textContent: share(host.text, criterion) });
    link.append(name, counts);
    if (criterion.gate !== null) link.append(Object.assign(document.createElement("small"), { textContent: `Gate below ${criterion.gate}` }));
    return link;
  }));
  for (const link of document.querySelectorAll(".pick [data-pick]")) {
    if (link.dataset.pick === current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    if (link.dataset.pick === focused) link.focus();
  }
}

function pick(uid, focus) {
  host.criterion = host.text.criteria.find((criterion) => criterion.uid === uid) ?? null;
  history.replaceState(null, "", `#${encodeURIComponent(host.criterion?.uid ?? "about")}`);
  drawList();
  host.redraw(focus);
}

function replaceText(text, uid) {
  host.text = text;
  pick(uid ?? host.criterion?.uid ?? "about");
}

const actions = {
  add() {
    const criterion = newCriterion(host.text);
    host.text.criteria.push(criterion);
    pick(criterion.uid, '[data-f="name"]');
  },
  duplicate() {
    const copy = duplicate(host.criterion);
    host.text.criteria.splice(host.text.criteria.indexOf(host.criterion) + 1, 0, copy);
    pick(copy.uid, '[data-f="name"]');
  },
  remove() {
    host.undoable(`${host.criterion.name || "The criterion"} is removed.`);
    const at = host.text.criteria.indexOf(host.criterion);
    host.text.criteria.splice(at, 1);
    pick((host.text.criteria[at] ?? host.text.criteria[at - 1])?.uid ?? "about");
  },
  up: () => shift(host.criterion, -1),
  down: () => shift(host.criterion, 1),
};

function shift(criterion, step) {
  const { criteria } = host.text;
  if (!move(criteria, criteria.indexOf(criterion), step)) return false;
  announce(`${criterion.name || "The criterion"} is number ${criteria.indexOf(criterion) + 1} of ${criteria.length}.`);
  // Paths of fields and problems go by position.
  const at = box.contains(document.activeElement) ? document.activeElement : null;
  const again = at?.id ? `#${CSS.escape(at.id)}` : at?.dataset.do ? `[data-do="${at.dataset.do}"]` : '[data-f="name"]';
  drawList();
  host.redraw(at ? again : undefined);
  return true;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-pick]");
  if (link) {
    event.preventDefault();
    const path = link.dataset.path;
    // A click without a pointer came from the keyboard: go on writing at once.
    const name = event.detail === 0 ? '[data-f="name"], [data-f="title"]' : undefined;
    const field = link.dataset.focus ? `[data-f="${link.dataset.focus}"]` : name;
    pick(link.dataset.pick, path ? `[data-path="${CSS.escape(path)}"]` : field);
    return;
  }
  const action = actions[event.target.closest("[data-do]")?.dataset.do];
  if (action && action() !== false) autosave.changed();
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); autosave.now(); return; }
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && !document.querySelector("dialog[open]")) { event.preventDefault(); score(); return; }
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const uid = document.activeElement?.dataset.pick;
  const inList = host.text.criteria.find((criterion) => criterion.uid === uid);
  // In a list of choices these keys open it.
  const criterion = inList ?? (event.target.matches("select") ? null : host.criterion);
  if (!criterion) return;
  event.preventDefault();
  if (shift(criterion, event.key === "ArrowUp" ? -1 : 1)) autosave.changed();
});

/** The playground scores the draft as the server has it. */
async function score() {
  if (await autosave.now()) editor.dispatchEvent(new CustomEvent("rubric:score", { bubbles: true }));
}

// What the server says of the text

function showProblems() {
  const found = [...document.querySelectorAll("#state [data-path]")].map((link) => ({
    path: link.dataset.path, message: $("[data-message]", link.closest("li")).textContent,
  }));
  drawProblems(box, found);
  const button = $("[data-publish]");
  const why = $("[data-why]");
  button.setAttribute("aria-disabled", String(found.length > 0));
  why.hidden = found.length === 0;
  why.textContent = found.length === 1 ? "One thing to settle first" : `${found.length} things to settle first`;
}

function showSaved(state, words) {
  const line = $("[data-saved]");
  if (line.dataset.state !== state && state === "failed") announce(words);
  line.dataset.state = state;
  $("[data-saved-text]").textContent = words;
}

function announce(words) { $("[data-announce]").textContent = words; }

$("[data-publish]").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.setAttribute("aria-busy", "true");
  const arrived = await autosave.now();
  button.removeAttribute("aria-busy");
  if (!arrived) { toast("The last words are not saved yet, so they can't be published."); return; }
  if (button.getAttribute("aria-disabled") === "true") { $("#state a[data-path]")?.click(); return; }
  if (button.dataset.publish === "review") $("[data-review]").submit(); else $("#publish").showModal();
});

// Two people at once

function stale(reply) {
  // The answer to an earlier save got lost: what stands there is what this page sent.
  if ([host.text, ...autosave.unanswered].some((text) => same(reply.content, text))) {
    autosave.goOn(reply.revision);
    if (same(reply.content, host.text)) autosave.settle(reply.saved_at); else autosave.now();
    return;
  }
  autosave.hold();
  showSaved("failed", "Not saved: two texts differ. Yours is kept on this computer.");
  $("[data-conflict-who]").textContent = reply.saved_by || "Somebody";
  $("[data-conflict-rows]").replaceChildren(...differences(host.text, reply.content).map((one) => {
    const row = document.getElementById("t-conflict").content.cloneNode(true).firstElementChild;
    $("th", row).textContent = one.place;
    const [mine, theirs] = row.querySelectorAll("p");
    mine.textContent = one.mine;
    theirs.textContent = one.theirs;
    return row;
  }));
  const notice = $("[data-conflict]");
  notice.hidden = false;
  notice.focus();
  for (const button of notice.querySelectorAll("[data-keep]")) {
    button.onclick = () => {
      notice.hidden = true;
      autosave.goOn(reply.revision);
      if (button.dataset.keep === "theirs") replaceText(reply.content);
      // Theirs is sent back too: the reply says what the text amounts to.
      autosave.changed();
      autosave.now();
    };
  }
}

// Begin

const kept = autosave.kept();
if (kept && same(kept.content, host.text)) autosave.forget();
else if (kept) {
  const theirs = host.text;
  host.text = kept.content;
  autosave.dirty = true;
  if (kept.revision === autosave.revision) { toast("Your unsaved text is back."); autosave.changed(); }
  else stale({ revision: autosave.revision, content: theirs, saved_by: json("draft-saved").saved_by, saved_at: json("draft-saved").saved_at });
}
const asked = decodeURIComponent(location.hash.slice(1));
pick(asked || host.text.criteria[0]?.uid || "about");
$('[data-do="add"]').disabled = false;
