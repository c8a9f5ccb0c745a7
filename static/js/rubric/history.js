// Undo and redo over the whole text of a draft. It knows no page; a session keeps it over a reload.
import { readStored, removeStored, store } from "../lib/storage.js";

const MAX_STEPS = 200;
const SAME_STEP_MS = 1500;
// What a browser keeps for a session is about 5 MB.
const MAX_STORED = 2_000_000;

/** An entry is {text, label, at}: a text as JSON, what was done in words, and where it was done. */
export class History {
  constructor(text, now = () => performance.now()) {
    this.now = now;
    this.restart(text);
  }

  /** Forget what was: the text has become another one, with other people's words in it. */
  restart(text) {
    this.present = JSON.stringify(text);
    this.done = [];
    this.undone = [];
    this.last = null;
  }

  /** The text changed. Changes of one `key` that follow each other quickly are undone together. */
  record(text, { label, at = null, key = null }) {
    const next = JSON.stringify(text);
    if (next === this.present) return;
    const together = key && this.last?.key === key && this.now() - this.last.time < SAME_STEP_MS;
    if (!together || !this.done.length) {
      this.done.push({ text: this.present, label, at });
      if (this.done.length > MAX_STEPS) this.done.shift();
    }
    this.last = { key, time: this.now() };
    this.undone = [];
    this.present = next;
  }

  /** The text before the last change, as {text, label, at}; null where there is none. */
  undo() {
    return this.#step(this.done, this.undone);
  }

  redo() {
    return this.#step(this.undone, this.done);
  }

  #step(from, to) {
    const entry = from.pop();
    if (!entry) return null;
    to.push({ ...entry, text: this.present });
    this.present = entry.text;
    this.last = null;
    return { ...entry, text: JSON.parse(entry.text) };
  }

  keep(name) {
    let room = MAX_STORED - this.present.length;
    const fits = (entry) => {
      room -= entry.text.length;
      return room > 0;
    };
    const done = this.done.toReversed().filter(fits).toReversed();
    store(name, { present: this.present, done, undone: this.undone.slice(-20) }, "sessionStorage");
  }

  /** Go on with the history of before the reload, if it led to this text. */
  restore(name) {
    const kept = readStored(name, "sessionStorage");
    removeStored(name, "sessionStorage");
    if (kept?.present !== this.present) return;
    this.done = kept.done;
    this.undone = kept.undone;
  }
}
