// How long somebody works on an item: the clock runs while the page is in sight and something is done.

const IDLE_AFTER_MS = 30000; // Without a sign of work the clock stops.
const SIGNS_OF_WORK = ["keydown", "pointermove", "pointerdown", "scroll", "wheel"];

export class Clock {
  constructor(page = document) {
    this.page = page;
    this.seconds = 0;
    this.isRunning = false;
    this.lastSign = Date.now();
    for (const sign of SIGNS_OF_WORK)
      page.addEventListener(sign, () => this.#noteWork(), { passive: true, capture: true });
    setInterval(() => this.#tick(), 1000);
  }

  /** Begin an item on which so many seconds were spent before. */
  begin(seconds) {
    this.seconds = seconds;
    this.isRunning = true;
  }

  stop() {
    this.isRunning = false;
  }

  #noteWork() {
    this.lastSign = Date.now();
  }

  #tick() {
    const isIdle = Date.now() - this.lastSign >= IDLE_AFTER_MS;
    if (this.isRunning && !this.page.hidden && !isIdle) this.seconds += 1;
  }
}
