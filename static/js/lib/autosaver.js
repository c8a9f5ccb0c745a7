// Keep a text on the server by itself, and on this computer until the server has it.
import { csrf, within } from "../studio.js";

const AFTER_TYPING_MS = 600;
const RETRY_S = [5, 10, 20, 30];
const ANSWER_WITHIN_S = 20;

/**
 * `page` answers: `text()` the text now; `show(state, words)` what became of the last save;
 * `saved(reply)` after each save; `stale(reply)` where somebody else saved in between.
 */
export class Autosave {
  constructor({ url, keepAs, revision, saved, savedAt, page }) {
    Object.assign(this, { url, keepAs, revision, page, at: savedAt ? Date.parse(savedAt) : 0 });
    // The server's text at `revision`, which the text here was written from.
    this.base = structuredClone(saved);
    this.failures = 0;
    // Texts that were sent and never answered: the server may have them.
    this.unanswered = [];
    this.dirty = this.held = false;
    this.tick = setInterval(() => {
      if (!this.dirty && !this.held) page.show("saved", ago(this.at));
    }, 5000);
    page.show("saved", ago(this.at));
    addEventListener("pagehide", () => this.now());
    addEventListener("online", () => this.dirty && this.now());
  }

  /** What was typed here and never arrived: {content, base, revision}, or null. */
  kept() {
    try {
      return JSON.parse(localStorage.getItem(this.keepAs));
    } catch {
      return null;
    }
  }

  /** The text changed: keep it here at once, send it when the typing pauses. */
  changed() {
    this.dirty = true;
    this.keep();
    if (this.held) return;
    clearTimeout(this.timer);
    clearInterval(this.countdown);
    this.timer = setTimeout(() => this.now(), AFTER_TYPING_MS);
    this.page.show("saving", "Not saved yet");
  }

  /** Go on with what an earlier page kept: its text was written from `base` at `revision`. */
  takeUp({ base, revision }) {
    this.base = base ?? null;
    this.revision = revision;
    this.dirty = true;
  }

  /** Stop sending until the person has chosen between two texts. */
  hold() {
    this.held = true;
    clearTimeout(this.timer);
    clearInterval(this.countdown);
  }

  /** Go on from the server's text `base` at `revision`: what is here holds all of it. */
  goOn(revision, base) {
    this.held = false;
    this.revision = revision;
    this.base = structuredClone(base);
  }

  /** The text is the server's: nothing is left to send. */
  settle(savedAt) {
    this.dirty = false;
    this.at = Date.parse(savedAt);
    this.forget();
    this.page.show("saved", ago(this.at));
  }

  keep() {
    try {
      localStorage.setItem(
        this.keepAs,
        JSON.stringify({ content: this.page.text(), base: this.base, revision: this.revision }),
      );
      this.isKept = true;
    } catch {
      this.isKept = false;
    }
  }

  forget() {
    try {
      localStorage.removeItem(this.keepAs);
    } catch {
      /* it was never kept */
    }
  }

  /** Send what is unsaved. True once the server has the text as it is now. */
  async now() {
    if (this.held) return false;
    if (this.sending) {
      await this.sending;
      return this.dirty ? this.now() : true;
    }
    if (!this.dirty) return true;
    clearTimeout(this.timer);
    clearInterval(this.countdown);
    this.sending = this.send();
    try {
      await this.sending;
    } finally {
      this.sending = null;
    }
    return !this.dirty;
  }

  async send() {
    this.page.show("saving", "Saving");
    this.dirty = false;
    const content = structuredClone(this.page.text());
    const body = JSON.stringify({ content, expected_revision: this.revision });
    let response;
    try {
      response = await fetch(this.url, {
        method: "POST",
        body,
        redirect: "manual",
        keepalive: body.length < 60000,
        signal: within(ANSWER_WITHIN_S),
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
      });
    } catch {
      this.unanswered.push(content);
      return this.again();
    }
    if (response.type === "opaqueredirect")
      return this.again("You are signed out. Sign in in another tab;");
    if (response.status >= 500 || response.status === 429) return this.again();
    const reply = await response.json().catch(() => null);
    if (response.ok && reply) return this.arrived(reply, content);
    if (response.ok) {
      this.unanswered.push(content);
      return this.again();
    }
    this.dirty = true;
    if (reply?.code === "stale") return this.page.stale(reply);
    this.page.show(
      "failed",
      `Not saved. ${reply?.detail ?? "The server refused it."} ${this.safe()}`,
    );
  }

  arrived(reply, content) {
    this.revision = reply.revision;
    this.base = content;
    this.failures = 0;
    this.unanswered = [];
    this.at = Date.now();
    if (this.dirty) {
      this.keep();
      this.timer = setTimeout(() => this.now(), AFTER_TYPING_MS);
    } else {
      this.forget();
      this.page.show("saved", "Saved just now");
    }
    this.page.saved(reply);
  }

  again(why = "Not saved,") {
    this.dirty = true;
    let left = RETRY_S[Math.min(this.failures++, RETRY_S.length - 1)];
    const say = () => this.page.show("failed", `${why} trying again in ${left} s. ${this.safe()}`);
    say();
    clearInterval(this.countdown);
    this.countdown = setInterval(() => {
      left -= 1;
      if (left > 0) return say();
      clearInterval(this.countdown);
      this.now();
    }, 1000);
  }

  safe() {
    return this.isKept
      ? "Your text is kept on this computer."
      : "Keep this page open: this browser does not let it keep your text.";
  }
}

function ago(at) {
  const seconds = Math.round((Date.now() - at) / 1000);
  if (!at) return "Saved";
  if (seconds < 5) return "Saved just now";
  if (seconds < 60) return `Saved ${seconds} seconds ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `Saved ${minutes === 1 ? "a minute" : `${minutes} minutes`} ago`;
  const when = new Date(at);
  const time = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  const today = when.toDateString() === new Date().toDateString();
  return today
    ? `Saved at ${time}`
    : `Saved on ${when.toLocaleDateString(undefined, { day: "numeric", month: "short" })}, ${time}`;
}
