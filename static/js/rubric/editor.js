// The editor of a draft: one text in memory, drawn as a list, a form and what the server says of it.
import { Autosave } from "../lib/autosaver.js";
import { toast, typing } from "../studio.js";
import { Conflict } from "./conflict.js";
import { ask as askExample } from "./example.js";
import { drawForm, refreshForm } from "./form.js";
import { History } from "./history.js";
import { Aside, drawBeside, drawFindings, findings } from "./lint.js";
import { drawList, letDrag } from "./list.js";
import { Presence } from "./presence.js";
import { duplicate, move, moveTo, newCriterion, same } from "./text.js";

const $ = (selector, root = document) => root.querySelector(selector);
const json = (id) => JSON.parse(document.getElementById(id).textContent);
const editor = $("[data-editor]");
const box = $("[data-form]");
const loaded = json("draft-saved");
let people = [];

const host = {
  text: json("draft"),
  criterion: null,
  changed({ label, key, at, uid = host.criterion?.uid ?? "about" }) {
    history.record(host.text, { label, key, at: { uid, path: at } });
    showHistory();
    list();
    refreshForm(box, host);
    if (!host.criterion) askExample(box, host.text);
    autosave.changed();
  },
  redraw(focus) {
    drawForm(box, host);
    showFindings();
    if (focus) $(focus, box)?.focus();
  },
  /** Something is taken away: say so, and offer to bring it back. */
  removed(words) {
    const before = history.done.length;
    toast(words, {
      label: "Undo",
      run() {
        if (history.done.length === before + 1) undo();
        else toast("Other changes came after it. Press Ctrl Z until it is back.");
      },
    });
  },
};

const history = new History(host.text);
const aside = new Aside(`kardia-aside-${editor.dataset.version}`);
const autosave = new Autosave({
  url: editor.dataset.saveUrl,
  keepAs: editor.dataset.keepAs,
  revision: loaded.revision,
  saved: host.text,
  savedAt: loaded.saved_at,
  page: { text: () => host.text, show: showSaved, saved: showReply, stale },
});

function list() {
  drawList(host.text, host.criterion?.uid ?? "about", (criterion) =>
    people
      .filter((one) => one.at === criterion.uid)
      .map((one) => (one.is_me ? "you, in another window" : `${firstName(one)} is here`)),
  );
}

const firstName = (person) => person.name.split(" ")[0];

function pick(uid, focus) {
  host.criterion = host.text.criteria.find((criterion) => criterion.uid === uid) ?? null;
  window.history.replaceState(null, "", `#${encodeURIComponent(host.criterion?.uid ?? "about")}`);
  list();
  host.redraw(focus);
  presence?.soon();
}

/** Show `uid` of another text, or what is there in its place. */
function replaceText(text, uid, focus) {
  host.text = text;
  const uids = ["about", ...text.criteria.map((criterion) => criterion.uid)];
  pick([uid, host.criterion?.uid, uids[1]].find((one) => uids.includes(one)) ?? "about", focus);
}

// What the buttons do

const ADD = '[data-do="add"]';
const NAME = '[data-f="name"]';

const actions = {
  add() {
    const criterion = newCriterion(host.text);
    host.text.criteria.push(criterion);
    pick(criterion.uid, NAME);
    host.changed({ label: "Add a criterion" });
  },
  duplicate() {
    const copy = duplicate(host.criterion);
    host.text.criteria.splice(host.text.criteria.indexOf(host.criterion) + 1, 0, copy);
    pick(copy.uid, NAME);
    host.changed({ label: "Duplicate a criterion" });
  },
  remove() {
    const { uid, name } = host.criterion;
    host.removed(`${name || "The criterion"} is removed.`);
    const at = host.text.criteria.indexOf(host.criterion);
    host.text.criteria.splice(at, 1);
    pick((host.text.criteria[at] ?? host.text.criteria[at - 1])?.uid ?? "about", NAME);
    if (!host.criterion) $(ADD).focus();
    host.changed({ label: `Remove ${name || "a criterion"}`, uid });
  },
  up: () => shift(host.criterion, -1),
  down: () => shift(host.criterion, 1),
  undo,
  redo,
  "set-aside": (button) => {
    aside.add(button.closest("[data-lint]").dataset.key);
    showFindings();
  },
  "show-aside": () => {
    aside.clear();
    showFindings();
  },
};

function shift(criterion, step) {
  const { criteria } = host.text;
  if (move(criteria, criteria.indexOf(criterion), step)) moved(criterion);
}

function moved(criterion) {
  const { criteria } = host.text;
  const name = criterion.name || "The criterion";
  announce(`${name} is number ${criteria.indexOf(criterion) + 1} of ${criteria.length}.`);
  // Paths of fields and findings go by position.
  const at = box.contains(document.activeElement) ? document.activeElement : null;
  const again = at?.id
    ? `#${CSS.escape(at.id)}`
    : at?.dataset.do
      ? `[data-do="${at.dataset.do}"]`
      : NAME;
  host.changed({ label: `Move ${name}`, key: `move ${criterion.uid}` });
  host.redraw(at ? again : undefined);
}

letDrag((uid, index) => {
  const { criteria } = host.text;
  const criterion = criteria.find((one) => one.uid === uid);
  if (moveTo(criteria, criteria.indexOf(criterion), index)) moved(criterion);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-pick]");
  if (link) {
    event.preventDefault();
    const path = link.dataset.path;
    // A click without a pointer came from the keyboard: go on writing at once.
    const name = event.detail === 0 ? '[data-f="name"], [data-f="title"]' : undefined;
    const field = link.dataset.focus ? `[data-f="${link.dataset.focus}"]` : name;
    pick(link.dataset.pick, path ? `[data-path="${CSS.escape(path)}"]` : field);
    // Where the panes stand below each other, the form may be out of sight.
    if (box.getBoundingClientRect().top > innerHeight / 2) box.scrollIntoView();
    return;
  }
  const button = event.target.closest("[data-do]");
  if (button) actions[button.dataset.do]?.(button);
});

// Undo and redo

function undo() {
  travel(history.back(), "Undone");
}
function redo() {
  travel(history.forth(), "Done again");
}

function travel(entry, what) {
  if (!entry) return;
  const path = entry.at?.path;
  replaceText(entry.text, entry.at?.uid, path ? `[data-path="${CSS.escape(path)}"]` : undefined);
  announce(`${what}: ${entry.label}.`);
  showHistory();
  autosave.changed();
}

function showHistory() {
  for (const [name, entries, key] of [
    ["undo", history.done, "Ctrl Z"],
    ["redo", history.undone, "Ctrl Shift Z"],
  ]) {
    const button = $(`[data-do="${name}"]`);
    const word = name === "undo" ? "Undo" : "Redo";
    const last = entries.at(-1);
    button.disabled = !last;
    button.title = last ? `${word}: ${last.label} (${key})` : `Nothing to ${name}`;
  }
}

// Keys

document.addEventListener("keydown", (event) => {
  if ($("dialog[open]")) return;
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const command = control && COMMANDS[`${event.shiftKey ? "shift " : ""}${key}`];
  // Fields that are not the draft's, such as a remark, have an undo of their own.
  if (command && !(command.ofDraft && isForeign(event.target))) {
    event.preventDefault();
    command.run();
    return;
  }
  if (key === "n" && !typing(event)) {
    event.preventDefault();
    actions.add();
    return;
  }
  if (event.altKey && ["arrowup", "arrowdown"].includes(key)) moveByKey(event);
});

const COMMANDS = {
  s: { run: () => autosave.now() },
  enter: { run: score },
  z: { run: undo, ofDraft: true },
  "shift z": { run: redo, ofDraft: true },
  y: { run: redo, ofDraft: true },
};

const isForeign = (target) =>
  target.matches("input, textarea, select, [contenteditable]") &&
  !(box.contains(target) && target.closest("[data-path]"));

function moveByKey(event) {
  const uid = document.activeElement?.dataset.pick;
  const inList = host.text.criteria.find((criterion) => criterion.uid === uid);
  // In a list of choices these keys open it.
  const criterion =
    inList ?? (event.target.matches("select") || isForeign(event.target) ? null : host.criterion);
  if (!criterion) return;
  event.preventDefault();
  shift(criterion, event.key === "ArrowUp" ? -1 : 1);
}

/** The playground scores the draft as the server has it. */
async function score() {
  if (await autosave.now())
    editor.dispatchEvent(new CustomEvent("rubric:score", { bubbles: true }));
}

// What the server says of the text

function showReply(reply) {
  drawState(reply.state);
  $("[data-saved-by]").textContent = reply.saved_by;
  for (const field of document.querySelectorAll("[data-revision]")) field.value = reply.revision;
  editor.dispatchEvent(
    new CustomEvent("rubric:saved", { bubbles: true, detail: { revision: reply.revision } }),
  );
}

/** Replace what the server says, and leave the reader where they were in it. */
function drawState(html) {
  const state = $("[data-state-box]");
  const isOpen = $("#warnings", state)?.open;
  const at = state.contains(document.activeElement) ? document.activeElement : null;
  const kept = at?.matches("summary")
    ? "#warnings summary"
    : at?.dataset.do
      ? `[data-do="${at.dataset.do}"]`
      : at &&
        `[data-pick="${CSS.escape(at.dataset.pick ?? "")}"][data-path="${CSS.escape(at.dataset.path ?? "")}"]`;
  // Markup of our own server, from the template that the page itself came with.
  state.innerHTML = html;
  if (isOpen) $("#warnings", state)?.setAttribute("open", "");
  showFindings();
  if (kept) $(kept, state)?.focus();
}

function showFindings() {
  const found = findings(aside);
  drawFindings(aside);
  drawBeside(box, found);
  const total = $("[data-total-words]", box);
  if (total) total.textContent = $("#state [data-total]").textContent;
  const errors = found.filter((one) => one.severity === "error").length;
  const button = $("[data-publish]");
  const why = $("[data-why]");
  button.setAttribute("aria-disabled", String(errors > 0));
  why.hidden = errors === 0;
  why.textContent = errors === 1 ? "One thing to settle first" : `${errors} things to settle first`;
}

function showSaved(state, words) {
  const line = $("[data-saved]");
  if (line.dataset.state !== state && state === "failed") announce(words);
  line.dataset.state = state;
  $("[data-saved-text]").textContent = words;
}

function announce(words) {
  $("[data-announce]").textContent = words;
}

$("[data-publish]").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.setAttribute("aria-busy", "true");
  const arrived = await autosave.now();
  button.removeAttribute("aria-busy");
  if (!arrived) {
    toast("The last words are not saved yet, so they can't be published.");
    return;
  }
  if (button.getAttribute("aria-disabled") === "true") {
    $('#state [data-severity="error"] a')?.click();
    return;
  }
  if (button.dataset.publish === "review") $("[data-review]").submit();
  else $("#publish").showModal();
});

// Two people at once

const conflict = new Conflict({
  url: editor.dataset.mergeUrl,
  editor: { text: () => host.text, base: () => autosave.base, merged },
});

async function stale(reply) {
  // The answer to an earlier save got lost: what stands there is what this page sent.
  if ([host.text, ...autosave.unanswered].some((text) => same(reply.content, text))) {
    autosave.goOn(reply.revision, reply.content);
    if (same(reply.content, host.text)) autosave.settle(reply.saved_at);
    else autosave.now();
    return;
  }
  autosave.hold();
  showSaved("failed", "Two texts differ. Yours is kept on this computer.");
  try {
    await conflict.resolve();
  } catch {
    autosave.held = false;
    autosave.again();
  }
}

/** One text of what both wrote: it goes on from here, and what was undone before does not. */
function merged(reply) {
  const field = document.activeElement;
  const path = box.contains(field) ? field.dataset.path : null;
  const [start, end] = [field.selectionStart, field.selectionEnd];
  autosave.goOn(reply.revision, reply.saved);
  replaceText(
    reply.content,
    host.criterion?.uid ?? "about",
    path ? `[data-path="${CSS.escape(path)}"]` : undefined,
  );
  if (path && start !== undefined && start !== null)
    document.activeElement.setSelectionRange?.(start, end);
  history.restart(host.text);
  showHistory();
  const who = reply.saved_by || "Somebody";
  if (reply.conflicts) toast("The text holds what you chose.");
  else if (reply.taken.some((one) => one.side === "theirs"))
    toast(`${who} changed this draft too. Nothing collided, so the text holds both.`);
  // Theirs is sent back too: the reply says what the text amounts to.
  autosave.changed();
  autosave.now();
}

const presence = new Presence({
  url: editor.dataset.presenceUrl,
  page: { at: () => host.criterion?.uid ?? "about", seen },
});

function seen(reply) {
  people = reply.people;
  const line = $("[data-people]");
  line.hidden = people.length === 0;
  $("[data-people-who]").textContent = people.map(whereabouts).join(", ");
  list();
  if (reply.status && reply.status !== "draft" && !autosave.dirty) {
    autosave.hold();
    showSaved("failed", "Somebody sent this text for review. It is closed for writing now.");
    return;
  }
  // Nothing is unsaved here, so what the others saved can be taken in at once.
  if (
    reply.revision > autosave.revision &&
    !autosave.dirty &&
    !autosave.held &&
    !autosave.sending
  ) {
    conflict.resolve().catch(() => {
      /* the next beat tries again */
    });
  }
}

function whereabouts(person) {
  const criterion = host.text.criteria.find((one) => one.uid === person.at);
  const name = person.is_me ? "You, in another window," : person.name;
  const does = person.is_me ? "have" : "has";
  return criterion
    ? `${name} ${does} ${criterion.name || "a new criterion"} open`
    : `${name} ${does} this draft open`;
}

// Begin

const kept = autosave.kept();
if (kept && same(kept.content, host.text)) autosave.forget();
else if (kept) {
  const theirs = host.text;
  host.text = kept.content;
  history.restart(host.text);
  if (kept.revision === loaded.revision) {
    autosave.takeUp({ base: theirs, revision: loaded.revision });
    toast("Your unsaved text is back.");
    autosave.changed();
  } else {
    autosave.takeUp(kept);
    stale({ ...loaded, content: theirs });
  }
}
history.restore(editor.dataset.historyAs);
addEventListener("pagehide", () => history.keep(editor.dataset.historyAs));
const asked = decodeURIComponent(location.hash.slice(1));
pick(asked || host.text.criteria[0]?.uid || "about");
showHistory();
$(ADD).disabled = false;
