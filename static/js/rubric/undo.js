// Undo and redo in the page: the buttons, their titles, and the offer after a removal.
import { $ } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { fieldAt } from "./draft.js";
import { History } from "./history.js";
import { announce } from "./status.js";

export class Undo {
  constructor(draft) {
    this.draft = draft;
    this.history = new History(draft.text);
  }

  record(change) {
    this.history.record(this.draft.text, change);
    this.showButtons();
  }

  /** The draft goes on from a text that others wrote, too: what came before can't be undone. */
  restart() {
    this.history.restart(this.draft.text);
    this.showButtons();
  }

  undo() {
    if (!this.draft.isLocked) this.#travel(this.history.undo(), "Undone");
  }

  redo() {
    if (!this.draft.isLocked) this.#travel(this.history.redo(), "Redone");
  }

  #travel(entry, what) {
    if (!entry) return;
    this.draft.replaceText(entry.text, entry.at?.uid, fieldAt(entry.at?.path));
    announce(`${what}: ${entry.label}.`);
    this.showButtons();
    this.draft.page.save();
  }

  /** Call it before the removal is recorded. */
  offer(words) {
    const before = this.history.done.length;
    toast(words, {
      label: "Undo",
      run: () => {
        if (this.history.done.length === before + 1) this.undo();
        else toast("You made other changes after it. Press Ctrl Z until it is back.");
      },
    });
  }

  showButtons() {
    const { isLocked } = this.draft;
    const { history } = this;
    showButton("undo", "Undo", isLocked ? null : history.done.at(-1), "Ctrl Z");
    showButton("redo", "Redo", isLocked ? null : history.undone.at(-1), "Ctrl Shift Z");
  }
}

function showButton(name, word, last, key) {
  const button = $(`[data-do="${name}"]`);
  button.disabled = !last;
  button.title = last ? `${word}: ${last.label} (${key})` : `Nothing to ${name}`;
}
