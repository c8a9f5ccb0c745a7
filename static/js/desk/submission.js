// Handing in a rating: the draft arrives first, then the form is sent by htmx.
import { $ } from "../lib/dom.js";
import { parseJson } from "../lib/http.js";
import { KEPT_HERE, RETRY_AFTER_S } from "./draft.js";

const UNDER_WAY =
  "Your rating is being submitted, so the key did nothing. The next item opens in a moment.";
const WAITING =
  "Your rating is waiting for the connection, so the key did nothing. To change the rating, " +
  "choose “Change it”.";

export class Submission {
  constructor(form, criteria, draft, clock) {
    Object.assign(this, { form, criteria, draft, clock });
    this.autosaver = draft.autosaver;
    // Until the next attempt, where the one before got no answer.
    this.timer = null;
  }

  get isUnderWay() {
    return this.form.inert;
  }

  /** It was handed in and did not arrive. It is sealed until it does, or until the person opens it. */
  get isWaiting() {
    return this.timer !== null;
  }

  /** Why keys do nothing while it is under way. */
  get whyBusy() {
    return this.isWaiting ? WAITING : UNDER_WAY;
  }

  /** Whether a request may go out now; what is missing is shown. */
  mayBegin() {
    return this.isWaiting || (!this.isUnderWay && this.#isComplete());
  }

  #isComplete() {
    const missing = this.criteria.missing();
    if (missing.length) this.criteria.showMissing(missing);
    return missing.length === 0;
  }

  /** Before the request: a draft on its way arrives first, because its revision is submitted. */
  async prepare() {
    this.#stopWaiting();
    this.#lock(true);
    this.autosaver.store();
    await this.autosaver.holdAndWait();
    this.form.active_seconds.value = this.clock.seconds.toFixed(1);
    this.form.revision.value = this.autosaver.revision;
  }

  /** `xhr` is missing where the request got no answer. */
  failed(xhr) {
    const status = xhr?.status ?? 0;
    const body = parseJson(xhr?.responseText);
    if (status === 0 || status >= 500) {
      this.#wait();
      return;
    }
    this.#lock(false);
    this.autosaver.release();
    if (body?.code === "stale") {
      this.autosaver.handleStale(body);
      return;
    }
    if (body?.revision) this.autosaver.revision = body.revision;
    if (body?.missing)
      this.criteria.showMissing(
        this.criteria.all.filter((crit) => body.missing.includes(crit.dataset.crit)),
      );
    else this.#refused(status, body);
  }

  /** The rating stays as it was handed in, and locked. */
  #wait() {
    this.draft.say("failed", `Not sent, trying again in ${RETRY_AFTER_S} s. ${KEPT_HERE}`, [
      ["Change it", () => this.#open()],
    ]);
    this.timer = setTimeout(() => this.sendAgain(), RETRY_AFTER_S * 1000);
  }

  sendAgain() {
    if (this.isWaiting) this.form.requestSubmit();
  }

  #open() {
    this.#stopWaiting();
    this.#lock(false);
    this.autosaver.release();
    this.draft.change();
  }

  #stopWaiting() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  #refused(status, body) {
    if (status === 401 || status === 403) {
      this.criteria.showProblem(
        `Not submitted: you are signed out, or your role changed. ${KEPT_HERE}`,
      );
      return;
    }
    this.criteria.showProblem(body?.detail ?? `Not submitted. ${KEPT_HERE}`);
    if (body?.detail) this.autosaver.discardStored();
  }

  /** Nothing of the rating changes while it is under way. */
  #lock(isLocked) {
    if (isLocked && !this.form.inert) this.focused = document.activeElement;
    this.form.inert = isLocked;
    for (const part of [this.form, $(".actionbar .is-primary", this.form)])
      part.setAttribute("aria-busy", String(isLocked));
    if (!isLocked && this.form.contains(this.focused)) this.focused.focus({ preventScroll: true });
  }

  stop() {
    this.#stopWaiting();
  }
}
