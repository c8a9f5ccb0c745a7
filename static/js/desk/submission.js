// Handing in a rating: the draft arrives first, then the form is sent by htmx.
import { $ } from "../lib/dom.js";
import { parseJson } from "../lib/http.js";
import { KEPT_HERE, RETRY_AFTER_S } from "./draft.js";

export const UNDER_WAY =
  "Your rating is being submitted. That key had no effect. The next item opens in a moment.";

export class Submission {
  constructor(form, criteria, draft, clock) {
    Object.assign(this, { form, criteria, draft, clock });
    this.autosaver = draft.autosaver;
  }

  get isUnderWay() {
    return this.form.inert;
  }

  /** True if every criterion is rated; otherwise what is missing is shown. */
  isComplete() {
    const missing = this.criteria.missing();
    if (missing.length) this.criteria.showMissing(missing);
    return missing.length === 0;
  }

  /** Before the request: a draft on its way arrives first, because its revision is submitted. */
  async prepare() {
    this.#lock(true);
    this.autosaver.store();
    await this.autosaver.holdAndWait();
    this.form.active_seconds.value = this.clock.seconds.toFixed(1);
    this.form.revision.value = this.autosaver.revision;
  }

  /** `xhr` is missing where the request got no answer. */
  failed(xhr) {
    this.#lock(false);
    this.autosaver.release();
    const status = xhr?.status ?? 0;
    const body = parseJson(xhr?.responseText);
    if (body?.code === "stale") {
      this.autosaver.handleStale(body);
      return;
    }
    if (body?.revision) this.autosaver.revision = body.revision;
    if (body?.missing)
      this.criteria.showMissing(
        this.criteria.all.filter((crit) => body.missing.includes(crit.dataset.crit)),
      );
    else if (status === 0 || status >= 500) this.#retry();
    else this.#refused(status, body);
  }

  #retry() {
    this.draft.say("failed", `Not sent, trying again in ${RETRY_AFTER_S} s. ${KEPT_HERE}`);
    this.timer = setTimeout(() => this.form.requestSubmit(), RETRY_AFTER_S * 1000);
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
    if (isLocked) this.focused = document.activeElement;
    this.form.inert = isLocked;
    for (const part of [this.form, $(".actionbar .is-primary", this.form)])
      part.setAttribute("aria-busy", String(isLocked));
    if (!isLocked && this.form.contains(this.focused)) this.focused.focus({ preventScroll: true });
  }

  stop() {
    clearTimeout(this.timer);
  }
}
