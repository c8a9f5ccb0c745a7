// The desk: keys, the draft that saves itself, the clock, submit and undo. One item is #desk; htmx
// swaps it for the next one, and every swap starts a new session for that item.
import { csrf, pressedAt, toast, typing, within } from "../studio.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const SAVE_AFTER = 700; // ms without a change until the draft is sent
const RETRY_AFTER = 5; // s until a failed request is sent again
const ANSWER_WITHIN = 20; // s; a request without an answer is sent again then
const IDLE_AFTER = 30000; // ms without a sign of work until the clock stops
const STORE = "kardia-desk-";
const UNDER_WAY =
  "This rating is being submitted, and the next item comes in a moment. That key was not taken.";

let session = null;

class Session {
  constructor(root) {
    this.root = root;
    this.form = $("[data-rating]", root);
    this.key = STORE + root.dataset.assignment;
    this.revision = Number(root.dataset.revision);
    this.seconds = Number(root.dataset.seconds);
    this.over = false;
    this.saving = null;
    this.changed = false;
    this.timers = new Set();
    this.undoLeft(root);
    root.closest(".page-in").classList.toggle("is-wide", Boolean(this.form));
    if (!this.form) return;
    this.crits = $$(".crit", root);
    this.takeBackUnsent();
    const current = $(".turn[aria-current]", root),
      pane = $("[data-dialogue]", root);
    if (current && pane.scrollHeight > pane.clientHeight) {
      pane.scrollTop +=
        current.getBoundingClientRect().bottom - pane.getBoundingClientRect().bottom + 16;
    }
  }

  undoLeft(root) {
    this.undoUrl = root.dataset.undoUrl;
    if (this.undoUrl)
      this.after(Number(root.dataset.undoLeft), () => {
        this.undoUrl = null;
      });
  }

  after(seconds, run) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, seconds * 1000);
    this.timers.add(timer);
    return timer;
  }

  end() {
    this.save({ leaving: true });
    this.over = true;
    this.timers.forEach(clearTimeout);
  }

  // ---- the draft

  draft() {
    const scores = {},
      rationales = {};
    for (const crit of this.crits) {
      const uid = crit.dataset.crit,
        chosen = $("input:checked", crit),
        why = $("textarea", crit).value;
      if (chosen) scores[uid] = chosen.value;
      if (why.trim()) rationales[uid] = why;
    }
    return { scores, rationales };
  }

  fill({ scores, rationales }) {
    for (const crit of this.crits) {
      const uid = crit.dataset.crit;
      for (const input of $$("input", crit)) input.checked = input.value === String(scores[uid]);
      $("textarea", crit).value = rationales[uid] ?? "";
    }
    this.count();
  }

  count() {
    const rated = this.crits.filter((crit) => $("input:checked", crit)).length;
    $("[data-rated]", this.root).textContent = rated;
  }

  // What could not be sent before this page was left stands in the browser.
  takeBackUnsent() {
    const kept = read(this.key);
    if (!kept) return;
    this.fill(kept);
    this.revision = kept.revision;
    this.open(this.crits.find((crit) => !$("input:checked", crit)) ?? this.crits[0]);
    this.change();
  }

  change() {
    this.changed = true;
    this.count();
    write(this.key, { ...this.draft(), revision: this.revision });
    this.say("saving", "Saving");
    clearTimeout(this.timer);
    this.timer = this.after(SAVE_AFTER / 1000, () => this.save());
  }

  async save({ leaving = false } = {}) {
    if (this.over || this.stale || !this.changed) return;
    if (this.saving) {
      this.timer = this.after(SAVE_AFTER / 1000, () => this.save());
      return;
    }
    this.saving = this.sendDraft(leaving);
    await this.saving;
    this.saving = null;
  }

  async sendDraft(leaving) {
    this.changed = false;
    const sent = this.draft();
    let answer = null;
    try {
      answer = await post(
        this.root.dataset.draftUrl,
        {
          ...sent,
          revision: this.revision,
          active_seconds: this.seconds,
        },
        leaving,
      );
    } catch {
      /* It did not reach the studio. */
    }
    if (this.over) {
      if (answer?.status === 200 && same(read(this.key), sent)) forget(this.key);
      return;
    }
    if (answer === null || answer.status >= 500) this.retry();
    else if (answer.status === 200) this.saved(answer.body);
    else this.notSaved(answer);
  }

  saved({ revision, is_held: isHeld }) {
    this.revision = revision;
    if (this.changed) {
      write(this.key, { ...this.draft(), revision });
      return;
    }
    forget(this.key);
    if (isHeld) this.say("saved", "Draft saved");
    else
      this.say(
        "saved",
        "Draft saved. The time for this item ran out; it may be taken by somebody else.",
      );
  }

  retry() {
    this.changed = true;
    this.say(
      "failed",
      `Not saved, trying again in ${RETRY_AFTER} s. Your rating is kept on this computer.`,
    );
    this.timer = this.after(RETRY_AFTER, () => this.save());
  }

  notSaved({ status, body }) {
    if (body?.code === "stale" && same(body.draft, this.draft())) {
      // Our own save arrived and its answer did not.
      this.saved({ revision: body.revision, is_held: true });
    } else if (body?.code === "stale") {
      this.stale = true;
      this.changed = true;
      this.say("failed", "Changed in another window.", [
        [
          "Keep this one",
          () => {
            this.stale = false;
            this.revision = body.revision;
            this.change();
          },
        ],
        [
          "Show the other",
          () => {
            forget(this.key);
            location.reload();
          },
        ],
      ]);
    } else if (status === 0 || status === 401 || status === 403) {
      this.say("failed", "Not saved: you are signed out. Your rating is kept on this computer.", [
        ["Sign in", () => location.reload()],
      ]);
    } else {
      this.say("failed", `Not saved. ${body?.detail ?? "Your rating is kept on this computer."}`);
    }
  }

  say(state, text, actions = []) {
    const line = $("[data-saved]", this.root);
    if (!line) return;
    line.dataset.state = state;
    const word = document.createElement("span");
    word.textContent = text;
    line.replaceChildren(ICONS[state === "failed" ? "warn" : "check"].cloneNode(true), word);
    for (const [label, run] of actions) {
      const button = Object.assign(document.createElement("button"), {
        type: "button",
        className: "link-btn",
        textContent: label,
      });
      button.addEventListener("click", run);
      line.append(button);
    }
  }

  // ---- criteria

  get at() {
    return this.crits.findIndex((crit) => crit.classList.contains("is-open"));
  }

  open(crit) {
    if (!crit) return;
    for (const each of this.crits) {
      const isOpen = each === crit;
      each.classList.toggle("is-open", isOpen);
      $("[data-scale]", each).className = isOpen ? "anchors" : "levels";
    }
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    crit.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
  }

  /** The level of the open criterion that a key gives. */
  level(key) {
    const crit = this.crits[this.at];
    return crit && $(`input[data-key="${CSS.escape(key)}"]`, crit);
  }

  rate(input) {
    const crit = input.closest(".crit");
    input.checked = true;
    this.rated(crit);
    this.open(this.crits[this.crits.indexOf(crit) + 1]);
  }

  rated(crit) {
    crit.classList.remove("is-missing");
    if (!$(".crit.is-missing", this.root)) this.problem("");
    this.change();
  }

  // ---- submit

  missing() {
    return this.crits.filter((crit) => !$("input:checked", crit));
  }

  mayGo() {
    const missing = this.missing();
    if (missing.length) this.showMissing(missing);
    return missing.length === 0;
  }

  showMissing(missing) {
    for (const crit of missing) crit.classList.add("is-missing");
    const names = missing.map((crit) => $("h3", crit).firstChild.textContent.trim());
    this.problem(`Not rated yet: ${names.join(", ")}.`);
    this.open(missing[0]);
    $("input", missing[0]).focus({ preventScroll: true });
  }

  problem(text) {
    const box = $("[data-problem]", this.root);
    $("p", box).textContent = text;
    box.hidden = !text;
  }

  get isBusy() {
    return this.form?.inert ?? false;
  }

  /** Nothing of the rating changes while it is under way. */
  busy(is) {
    if (is) this.left = document.activeElement;
    this.form.inert = is;
    for (const part of [this.form, $(".actionbar .is-primary", this.form)])
      part.setAttribute("aria-busy", String(is));
    if (!is && this.form.contains(this.left)) this.left.focus({ preventScroll: true });
  }

  /** A draft that is on its way arrives first: its revision is the one to hand in. */
  async sending() {
    clearTimeout(this.timer);
    this.busy(true);
    write(this.key, { ...this.draft(), revision: this.revision });
    await this.saving;
    clearTimeout(this.timer);
    this.form.active_seconds.value = this.seconds.toFixed(1);
    this.form.revision.value = this.revision;
  }

  notSent(xhr) {
    if (!this.form) return;
    this.busy(false);
    const body = parse(xhr?.responseText);
    if (body?.code === "stale") {
      this.notSaved({ status: xhr.status, body });
      return;
    }
    if (body?.revision) this.revision = body.revision;
    if (body?.missing) {
      this.showMissing(this.crits.filter((crit) => body.missing.includes(crit.dataset.crit)));
    } else if (!xhr || xhr.status === 0 || xhr.status >= 500) {
      this.say(
        "failed",
        `Not sent, trying again in ${RETRY_AFTER} s. Your rating is kept on this computer.`,
      );
      this.after(RETRY_AFTER, () => this.form.requestSubmit());
    } else if (xhr.status === 401 || xhr.status === 403) {
      this.problem(
        "This was not submitted: you are signed out, or no annotator any more. Your rating is kept on this computer.",
      );
    } else {
      this.problem(body?.detail ?? "This was not submitted. Your rating is kept on this computer.");
      if (body?.detail) forget(this.key);
    }
  }
}

const ICONS = Object.fromEntries(
  [
    ["check", '<path d="m4 10.5 4 4 8-9"/>'],
    ["warn", '<path d="M10 3.5 17.5 16.5h-15z"/><path d="M10 8.5V12M10 14.25v.01"/>'],
  ].map(([name, path]) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "i sm");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    svg.innerHTML = path;
    return [name, svg];
  }),
);

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// The server's levels are numbers, those of the page are text.
function same(a, b) {
  const flat = (part) =>
    JSON.stringify(
      Object.entries(part ?? {})
        .map(([uid, value]) => [uid, String(value)])
        .sort(),
    );
  return flat(a?.scores) === flat(b.scores) && flat(a?.rationales) === flat(b.rationales);
}

// A browser may refuse storage; the draft is then kept by the server alone.
function read(key) {
  try {
    return parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}
function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    /* see above */
  }
}
function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    /* see above */
  }
}

async function post(url, data, keepalive) {
  const response = await fetch(url, {
    method: "POST",
    redirect: "manual",
    keepalive,
    signal: within(ANSWER_WITHIN),
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
    body: JSON.stringify(data),
  });
  return { status: response.status, body: parse(await response.text()) };
}

function start() {
  const root = $("[data-desk]");
  if (session?.root === root) return;
  session?.end();
  session = root ? new Session(root) : null;
  // Says that keys are heard from now on.
  if (root) root.dataset.ready = "";
}

function undo() {
  if (!session?.undoUrl) return false;
  if (session.isBusy) {
    toast(UNDER_WAY);
    return true;
  }
  const url = session.undoUrl;
  session.undoUrl = null;
  window.htmx.ajax("POST", url, { target: "#desk", swap: "outerHTML" });
  return true;
}

// ---- events

document.addEventListener("change", (event) => {
  const crit = event.target.closest?.("[data-rating] .crit");
  if (crit && event.target.type === "radio") session.rated(crit);
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-rating] textarea")) session.change();
});
document.addEventListener("click", (event) => {
  const head = event.target.closest?.(".crit > header");
  if (head) session?.open(head.parentElement);
});

// The clock runs while the page is in sight and somebody does something.
let lastSign = Date.now();
for (const sign of ["keydown", "pointermove", "pointerdown", "scroll", "wheel"]) {
  document.addEventListener(
    sign,
    () => {
      lastSign = Date.now();
    },
    { passive: true, capture: true },
  );
}
setInterval(() => {
  if (session?.form && !document.hidden && Date.now() - lastSign < IDLE_AFTER) session.seconds += 1;
}, 1000);
addEventListener("pagehide", () => session?.save({ leaving: true }));
addEventListener("online", () => session?.save());

document.addEventListener("htmx:confirm", (event) => {
  if (event.target !== session?.form) return;
  event.preventDefault();
  if (!session.isBusy && session.mayGo())
    session.sending().then(() => event.detail.issueRequest(true));
});
// Who was signed out gets the page to sign in, which is no item.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "desk" || event.detail.xhr.status !== 200) return;
  if (event.detail.xhr.responseText.includes('id="desk"')) return;
  event.detail.shouldSwap = false;
  session.notSent({ status: 401 });
});
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    if (event.target === session?.form) session.notSent(event.detail.xhr);
    else if (session?.root.contains(event.target) || event.target === document.body) {
      const words = parse(event.detail.xhr?.responseText)?.detail;
      toast(words ?? "That did not reach the studio. Try again.");
    }
  });
}
document.addEventListener("htmx:afterSwap", () => {
  start();
  if (session) $("h1", session.root)?.focus({ preventScroll: true });
});
document.addEventListener("htmx:historyRestore", start);
// The item is done: nothing of it is left to keep in this browser. It comes before the swap.
document.addEventListener("desk:submitted", (event) => {
  const { message, undo: url } = event.detail;
  forget(session.key);
  session.over = true;
  toast(message, {
    label: "Undo",
    run: () => {
      session.undoUrl = url;
      undo();
    },
  });
});
document.addEventListener("desk:flagged", (event) => {
  $("#flag")?.close();
  toast(event.detail.message);
});

document.addEventListener("keydown", (event) => {
  if (!session || event.defaultPrevented) return;
  const at = pressedAt(event),
    inText = at.matches("textarea");
  if ((event.ctrlKey || event.metaKey) && !event.altKey) {
    // In a text, Enter is a new line; with Ctrl it hands in the form that the text is in.
    const form = inText && session.root.contains(at) ? at.form : session.form;
    if (event.key === "Enter" && form && (inText || !$("dialog[open]"))) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key.toLowerCase() === "z" && !event.shiftKey && !inText && undo())
      event.preventDefault();
    return;
  }
  if (!session.form || $("dialog[open]") || event.altKey || event.metaKey) return;
  if (event.key === "Enter" && !at.closest("button, a, summary, textarea, select")) {
    event.preventDefault();
    session.form.requestSubmit();
    return;
  }
  if (typing(event)) return;
  const key = event.key.toLowerCase(),
    level = session.level(key);
  if (!level && !(key in KEYS)) return;
  event.preventDefault();
  // A key for an item that nobody has seen yet means nothing; it is said, not lost.
  if (session.isBusy) toast(UNDER_WAY);
  else if (level) session.rate(level);
  else KEYS[key]();
});

const KEYS = {
  j: () => session.open(session.crits[session.at + 1]),
  k: () => session.open(session.crits[session.at - 1]),
  n: () => $("textarea", session.crits[session.at])?.focus(),
  o: () => toggle($$(".turn[aria-current] details", session.root)),
  p: () => toggle($$("[data-profile]", session.root)),
  s: () => $("#skip").showModal(),
  f: () => $("#flag").showModal(),
};

function toggle(details) {
  const open = details.some((each) => !each.open);
  for (const each of details) each.open = open;
}

// After htmx has looked at the page, which it does at the same event: Enter is then its to send.
document.addEventListener("DOMContentLoaded", start);
