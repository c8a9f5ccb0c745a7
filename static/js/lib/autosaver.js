// Content that saves itself: a moment after a change, again after a failure, and in this browser
// until the server has it.
import { postJson } from "./http.js";
import { readStored, removeStored, store } from "./storage.js";

const ANSWER_WITHIN_S = 20;

/**
 * What is saved, and how the page shows it, is up to `page`:
 *
 * - `content()` the content now, as plain data; `request(content, revision)` the JSON to post;
 * - `contentOf(reply)` the server's content in a refusal for a stale revision;
 *   `isSame(one, other)` whether two contents are equal;
 * - `changed()`, `sending()` and `saved(reply)`; `adopted(reply)` where the server turned out to have
 *   this very content; `retrying(seconds, reason)` every second until the next attempt;
 * - `refused(answer)` for an answer that no second attempt would change;
 *   `conflict(reply)` where somebody else saved in between. Nothing is sent until `continueFrom`.
 */
export class Autosaver {
  /** `pauseMs` without a change, then it is sent; `retryAfterS` are the waits after failures. */
  constructor(
    { url, storageKey, revision, base = null, pauseMs, retryAfterS, page },
    win = window,
  ) {
    Object.assign(this, { url, storageKey, revision, pauseMs, retryAfterS, page });
    // The server's content at `revision`, which the content here was made from.
    this.base = structuredClone(base);
    this.failures = 0;
    // What was sent and never answered: the server may have it.
    this.unanswered = [];
    this.isDirty = this.isHeld = this.isStopped = false;
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    win.addEventListener("pagehide", () => this.save(), { signal });
    win.addEventListener("online", () => this.save(), { signal });
  }

  /** What an earlier page kept here because it never arrived: {content, base, revision}, or null. */
  stored() {
    return readStored(this.storageKey);
  }

  store() {
    const { base, revision } = this;
    this.isStored = store(this.storageKey, { content: this.page.content(), base, revision });
  }

  discardStored() {
    removeStored(this.storageKey);
  }

  /** Continue from what an earlier page kept: it was made from `base` at `revision`. */
  resume({ base, revision }) {
    this.base = base ?? null;
    this.revision = revision;
    this.isDirty = true;
  }

  /** The content changed: keep it here at once, send it when the changes pause. */
  changed() {
    this.isDirty = true;
    this.store();
    if (this.isHeld) return;
    this.#clearTimers();
    this.timer = setTimeout(() => this.save(), this.pauseMs);
    this.page.changed();
  }

  /** Send nothing until `release` or `continueFrom`. */
  hold() {
    this.isHeld = true;
    this.#clearTimers();
  }

  /** Send nothing more, and wait for what is on its way. */
  async holdAndWait() {
    this.hold();
    await this.sending;
    // What was on its way may have failed and begun to wait for its next attempt.
    this.hold();
  }

  release() {
    this.isHeld = false;
  }

  /** Continue from the server's `base` at `revision`: what is here holds all of it. */
  continueFrom(revision, base) {
    this.release();
    this.revision = revision;
    this.base = structuredClone(base);
  }

  /** The item is done or gone: send what is unsaved once more, and nothing after it. */
  stop() {
    this.save();
    this.isStopped = true;
    this.#clearTimers();
    this.listeners.abort();
  }

  /** Nothing of this is to be saved any more. */
  abandon() {
    this.isStopped = true;
    this.discardStored();
  }

  /** Send what is unsaved. True once the server has the content as it is now. */
  async save() {
    if (this.isHeld || this.isStopped) return false;
    if (this.sending) {
      await this.sending;
      return this.isDirty ? this.save() : true;
    }
    if (!this.isDirty) return true;
    this.#clearTimers();
    this.sending = this.#send();
    try {
      await this.sending;
    } finally {
      this.sending = null;
    }
    return !this.isDirty;
  }

  /** Try again after a while; `reason` is handed on to the page. */
  retry(reason) {
    this.isDirty = true;
    const waits = this.retryAfterS;
    let left = waits[Math.min(this.failures++, waits.length - 1)];
    this.page.retrying(left, reason);
    clearInterval(this.countdown);
    this.countdown = setInterval(() => {
      left -= 1;
      if (left > 0) {
        this.page.retrying(left, reason);
        return;
      }
      clearInterval(this.countdown);
      this.save();
    }, 1000);
  }

  /** The server has other content than this was made from: that of somebody else, or our own. */
  async handleStale(reply) {
    const theirs = this.page.contentOf(reply);
    const now = this.page.content();
    // The answer to an earlier request got lost: what is there is what this page sent.
    const isOurs = [now, ...this.unanswered].some((own) => this.page.isSame(theirs, own));
    if (!isOurs) {
      this.hold();
      await this.page.conflict(reply);
      return;
    }
    this.continueFrom(reply.revision, theirs);
    if (!this.page.isSame(theirs, now)) {
      this.save();
      return;
    }
    this.isDirty = false;
    this.discardStored();
    this.page.adopted(reply);
  }

  async #send() {
    this.page.sending();
    this.isDirty = false;
    const content = structuredClone(this.page.content());
    const answer = await postJson(this.url, this.page.request(content, this.revision), {
      timeoutS: ANSWER_WITHIN_S,
      mayOutlivePage: true,
    });
    const isArrived = answer.ok && answer.data !== null;
    if (this.isStopped) {
      if (isArrived) this.#discardIfStill(content);
    } else if (isArrived) {
      this.#arrived(answer.data, content);
    } else {
      this.isDirty = true;
      await this.#failed(answer, content);
    }
  }

  #arrived(reply, content) {
    this.revision = reply.revision;
    this.base = content;
    this.failures = 0;
    this.unanswered = [];
    if (this.isDirty) this.store();
    else this.discardStored();
    this.page.saved(reply);
  }

  async #failed(answer, content) {
    if (answer.isLost || answer.ok) {
      this.unanswered.push(content);
      this.retry();
    } else if (answer.status >= 500) {
      this.retry();
    } else if (answer.data?.code === "stale") {
      await this.handleStale(answer.data);
    } else {
      this.page.refused(answer);
    }
  }

  /** Another page may have stored something newer meanwhile. */
  #discardIfStill(content) {
    const stored = this.stored();
    if (stored && this.page.isSame(stored.content, content)) this.discardStored();
  }

  #clearTimers() {
    clearTimeout(this.timer);
    clearInterval(this.countdown);
  }
}
