// Who else has the draft open. The page says every few seconds that it is there.

import { postJson } from "../lib/http.js";
import { newId } from "../lib/id.js";

const EVERY_MS = 4000;
const SOON_MS = 300;

/** `page` answers `at()`, the uid of what is open, and takes `seen(reply)`. */
export class Presence {
  constructor({ url, page }) {
    Object.assign(this, { url, page, tab: newId() });
    addEventListener("pagehide", () => this.#tell(null));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.soon();
    });
    this.#beat();
  }

  /** Something else is open now: the others see it without waiting for the next beat. */
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#beat(), SOON_MS);
  }

  async #beat() {
    clearTimeout(this.timer);
    const answer = await this.#tell(this.page.at());
    if (answer.ok) this.page.seen(answer.data);
    // Whoever may not write here any more is shown nobody and asks no more.
    else if (!answer.isLost && answer.status < 500) {
      this.page.seen({ people: [] });
      return;
    }
    this.timer = setTimeout(() => this.#beat(), EVERY_MS);
  }

  #tell(at) {
    return postJson(this.url, { tab: this.tab, at }, { mayOutlivePage: true });
  }
}
