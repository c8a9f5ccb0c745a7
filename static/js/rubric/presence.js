// Who else has the draft open. The page says every few seconds that it is there.

import { csrf } from "../studio.js";
import { newId } from "./text.js";

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
    const answer = await this.#tell(this.page.at()).catch(() => null);
    if (answer?.ok) this.page.seen(await answer.json());
    // Whoever may not write here any more is shown nobody and asks no more.
    else if (answer && answer.status < 500) {
      this.page.seen({ people: [] });
      return;
    }
    this.timer = setTimeout(() => this.#beat(), EVERY_MS);
  }

  #tell(at) {
    return fetch(this.url, {
      method: "POST",
      keepalive: true,
      redirect: "manual",
      body: JSON.stringify({ tab: this.tab, at }),
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
    });
  }
}
