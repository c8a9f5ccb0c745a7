// The draft of a rating, which saves itself, and the line that says how it stands.
import { Autosaver } from "../lib/autosaver.js";
import { $, cloneTemplate, element } from "../lib/dom.js";
import { isSameRating } from "./scores.js";

const PAUSE_MS = 700;
export const RETRY_AFTER_S = 5;
export const KEPT_HERE = "Your rating is saved on this computer.";

export class Draft {
  constructor(root, criteria, clock) {
    Object.assign(this, { root, criteria, clock });
    this.autosaver = new Autosaver({
      url: root.dataset.draftUrl,
      storageKey: `kardia-desk-${root.dataset.assignment}`,
      revision: Number(root.dataset.revision),
      pauseMs: PAUSE_MS,
      retryAfterS: [RETRY_AFTER_S],
      page: this,
    });
  }

  /** Fill in what could not be sent before this page was left. */
  takeBackUnsent() {
    const stored = this.autosaver.stored();
    if (!stored) return;
    // Earlier versions of the studio stored the rating itself.
    this.criteria.fill(stored.content ?? stored);
    this.autosaver.resume(stored);
    this.criteria.open(this.criteria.missing()[0] ?? this.criteria.all[0]);
    this.change();
  }

  change() {
    this.criteria.count();
    this.autosaver.changed();
  }

  // What the autosaver asks and tells

  content() {
    return this.criteria.rating();
  }

  request(rating, revision) {
    // The submitted rating that this one is to change, if there is one.
    const { replaces } = this.root.dataset;
    return { ...rating, revision, active_seconds: this.clock.seconds, replaces };
  }

  contentOf(reply) {
    return reply.draft;
  }

  isSame(one, other) {
    return isSameRating(one, other);
  }

  changed() {
    this.say("saving", "Saving");
  }

  sending() {
    // It says so since the change.
  }

  saved({ is_held: isHeld }) {
    if (this.autosaver.isDirty) return;
    const ranOut = " Your time for this item ran out, so somebody else may rate it.";
    this.say("saved", `Draft saved${isHeld ? "" : `.${ranOut}`}`);
  }

  adopted() {
    this.say("saved", "Draft saved");
  }

  retrying(seconds) {
    // Said once: a screen reader reads this line aloud each time that it changes.
    if (seconds === RETRY_AFTER_S)
      this.say("failed", `Not saved, trying again in ${RETRY_AFTER_S} s. ${KEPT_HERE}`);
  }

  refused({ status, data }) {
    // A redirect, which has the status 0, leads to the page to sign in.
    if (status === 0 || status === 401 || status === 403)
      this.say("failed", `Not saved: you are signed out. ${KEPT_HERE}`, [
        ["Sign in", () => location.reload()],
      ]);
    else this.say("failed", `Not saved. ${data?.detail ?? KEPT_HERE}`);
  }

  conflict({ revision, draft }) {
    this.say("failed", "Changed in another window. Choose which version to keep.", [
      ["Keep this version", () => this.#keepThis(revision, draft)],
      ["Show the other version", () => this.#showOther()],
    ]);
  }

  #keepThis(revision, draft) {
    this.autosaver.continueFrom(revision, draft);
    this.change();
  }

  #showOther() {
    this.autosaver.discardStored();
    location.reload();
  }

  say(state, text, actions = []) {
    const line = $("[data-saved]", this.root);
    if (!line) return;
    line.dataset.state = state;
    line.replaceChildren(
      cloneTemplate(state === "failed" ? "icon-warn" : "icon-check"),
      element("span", { textContent: text }),
      ...actions.map(([label, run]) => actionButton(label, run)),
    );
  }
}

function actionButton(label, run) {
  const button = element("button", { type: "button", className: "link-btn", textContent: label });
  button.addEventListener("click", run);
  return button;
}
