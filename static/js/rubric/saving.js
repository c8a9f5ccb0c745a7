// Saving the draft, and what becomes of it where two people write at once.
import { Autosaver } from "../lib/autosaver.js";
import { $$ } from "../lib/dom.js";
import { readStored, removeStored } from "../lib/storage.js";
import { toast } from "../lib/toast.js";
import { Conflict } from "./conflict.js";
import { fieldAt, pathIn } from "./draft.js";
import { Lock } from "./lock.js";
import { Overridden } from "./overridden.js";
import { savedWhen, showSaved } from "./status.js";
import { same } from "./text.js";

const PAUSE_MS = 600;
const RETRY_AFTER_S = [5, 10, 20, 30];
const REFRESH_WHEN_MS = 5000;

export class Saving {
  /** `editor` is the element with the addresses; `loaded` is {revision, saved_at} of the page's text. */
  constructor({ editor, loaded, draft, undo, state }) {
    Object.assign(this, { editor, loaded, draft, undo, state });
    this.savedAt = loaded.saved_at ? Date.parse(loaded.saved_at) : 0;
    this.autosaver = new Autosaver({
      url: editor.dataset.saveUrl,
      storageKey: editor.dataset.keepAs,
      revision: loaded.revision,
      base: draft.text,
      pauseMs: PAUSE_MS,
      retryAfterS: RETRY_AFTER_S,
      page: this,
    });
    this.merger = new Conflict({
      url: editor.dataset.mergeUrl,
      editor: {
        text: () => draft.text,
        base: () => this.autosaver.base,
        merged: (reply) => this.#merged(reply),
        asked: (reply) => this.#asked(reply),
      },
    });
    this.overridden = new Overridden();
    this.lock = new Lock({ draft, undo });
    setInterval(() => {
      if (!this.autosaver.isDirty && !this.autosaver.isHeld) this.#showWhen();
    }, REFRESH_WHEN_MS);
    this.#showWhen();
  }

  /** True while nothing of this page is unsaved, on its way or to be chosen. */
  get isIdle() {
    const { isDirty, isHeld, sending } = this.autosaver;
    return !isDirty && !isHeld && !sending;
  }

  /** Go on with what an earlier page kept, if it never arrived: of this draft, or of the version
   * before it, which was closed meanwhile. */
  resumeStored() {
    const { keptBefore } = this.editor.dataset;
    const own = this.autosaver.stored();
    const stored = own ?? (keptBefore ? readStored(keptBefore) : null);
    if (!stored) return;
    if (same(stored.content, this.draft.text)) {
      this.autosaver.discardStored();
      return;
    }
    const theirs = this.draft.text;
    this.draft.text = stored.content;
    this.undo.restart();
    if (own && stored.revision === this.loaded.revision) {
      this.autosaver.resume({ base: theirs, revision: stored.revision });
      toast("Your unsaved changes were restored.");
      this.autosaver.changed();
    } else {
      this.autosaver.resume(stored);
      this.autosaver.store();
      if (!own) removeStored(keptBefore);
      this.#bringTogether(theirs);
    }
  }

  async #bringTogether(theirs) {
    this.changed();
    await this.autosaver.handleStale({ ...this.loaded, content: theirs });
    if (!this.autosaver.isHeld) toast("Your unsaved changes were restored.");
  }

  /** Take in what others saved; nothing of this page is unsaved. */
  mergeOthers() {
    this.merger.resolve().catch(() => {
      // The next reply about who is here tries again.
    });
  }

  /** Nobody can change the text now, for the server's reason `why`. What was not sent is kept. */
  close(why) {
    this.autosaver.hold();
    this.merger.hide();
    const unsent = this.autosaver.isDirty;
    if (this.lock.isClosed && unsent === this.unsent) return;
    this.unsent = unsent;
    this.lock.close(why, unsent ? this.#whatIsUnsent() : "");
    if (unsent) showSaved("failed", "Your last changes were not saved");
    else this.#showWhen();
  }

  /** The text is a draft again: go on from what it is now. */
  reopen() {
    if (!this.lock.isClosed) return;
    this.lock.open();
    this.autosaver.release();
    if (this.autosaver.isDirty) this.autosaver.save();
    else this.mergeOthers();
  }

  // What the autosaver asks and tells

  content() {
    return this.draft.text;
  }

  request(content, revision) {
    return { content, expected_revision: revision };
  }

  contentOf(reply) {
    return reply.content;
  }

  isSame(one, other) {
    return same(one, other);
  }

  changed() {
    showSaved("saving", "Not saved yet");
  }

  sending() {
    showSaved("saving", "Saving");
  }

  saved(reply) {
    this.savedAt = Date.now();
    if (!this.autosaver.isDirty) this.#showWhen();
    this.state.draw(reply.state);
    for (const name of $$("[data-saved-by]")) name.textContent = reply.saved_by;
    for (const field of $$("[data-revision]")) field.value = reply.revision;
    this.editor.dispatchEvent(
      new CustomEvent("rubric:saved", { bubbles: true, detail: { revision: reply.revision } }),
    );
  }

  adopted(reply) {
    this.savedAt = Date.parse(reply.saved_at);
    this.#showWhen();
  }

  retrying(seconds, why = "Not saved,") {
    showSaved("failed", `${why} trying again in ${seconds} s. ${this.#whereItIsKept()}`);
  }

  refused(answer) {
    if (answer.data?.code === "not_a_draft") this.close(answer.data.detail);
    else if (answer.isRedirect)
      this.autosaver.retry("You are signed out. Sign in again in another tab;");
    else if (answer.status === 429) this.autosaver.retry();
    else
      showSaved(
        "failed",
        `Not saved. ${answer.data?.detail ?? "The server refused it."} ${this.#whereItIsKept()}`,
      );
  }

  async conflict() {
    try {
      await this.merger.resolve();
    } catch {
      this.autosaver.release();
      this.autosaver.retry();
    }
  }

  #asked(reply) {
    const who = reply.authors.join(", ");
    showSaved("failed", `You and ${who} edited the same field. Yours is saved here.`);
  }

  /** One text of what all wrote: it goes on from here, and what was undone before does not. */
  #merged(reply) {
    this.autosaver.continueFrom(reply.revision, reply.saved);
    this.#showMerged(reply.content);
    this.undo.restart();
    this.overridden.add(reply.overridden);
    const who = reply.authors.join(" and ");
    if (reply.conflicts) toast("Your choices were applied.");
    // Where text was replaced, the notice above the editor says it.
    else if (!reply.overridden.length && reply.taken.some((one) => one.side === "theirs"))
      toast(`${who} changed this draft too. Both sets of changes were merged.`);
    // Theirs is sent back too: the reply says what the text amounts to.
    this.autosaver.changed();
    this.autosaver.save();
  }

  /** Whoever writes goes on at the same place of the same field. */
  #showMerged(text) {
    const field = document.activeElement;
    const isInForm = this.draft.form.contains(field);
    const path = isInForm ? pathIn(text, this.draft.openUid, field.dataset.path) : null;
    const [start, end] = [field.selectionStart, field.selectionEnd];
    this.draft.replaceText(text, this.draft.openUid, fieldAt(path));
    if (path && start !== undefined && start !== null)
      document.activeElement.setSelectionRange?.(start, end);
  }

  #showWhen() {
    showSaved("saved", savedWhen(this.savedAt));
  }

  #whatIsUnsent() {
    return this.autosaver.isStored
      ? "Your last changes could not be saved. They are kept on this computer, and come back when you open the draft or the next one."
      : "Your last changes could not be saved. Copy them: this browser can’t store your text.";
  }

  #whereItIsKept() {
    return this.autosaver.isStored
      ? "Your text is kept on this computer."
      : "Keep this page open: this browser can’t store your text.";
  }
}
