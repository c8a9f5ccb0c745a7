// A text that nobody can change now: everything can be read and copied, and nothing is lost.
import { $, $$ } from "../lib/dom.js";

const CHANGING = '[data-do="add"], [data-publish]';

export class Lock {
  constructor({ draft, undo }) {
    Object.assign(this, { draft, undo });
    this.box = $("[data-locked]");
    this.isClosed = false;
    // The form is drawn anew for each criterion.
    draft.form.addEventListener("rubric:drawn", () => {
      if (this.isClosed) this.#setForm();
    });
  }

  /** `why` is the server's reason, `unsent` says what becomes of what was not saved. */
  close(why, unsent) {
    this.isClosed = this.draft.isLocked = true;
    $("[data-locked-why]", this.box).textContent = why;
    $("[data-locked-unsent]", this.box).textContent = unsent;
    this.box.hidden = false;
    for (const dialog of $$("#exemplars[open], #publish[open]")) dialog.close();
    for (const control of $$(CHANGING)) control.disabled = true;
    this.undo.showButtons();
    this.#setForm();
  }

  open() {
    this.isClosed = this.draft.isLocked = false;
    this.box.hidden = true;
    for (const control of $$(CHANGING)) control.disabled = false;
    this.undo.showButtons();
    this.draft.redraw();
  }

  #setForm() {
    for (const control of $$("input, textarea, select, [data-do]", this.draft.form))
      if (control.matches("textarea, input:not([type=checkbox], [type=range])"))
        control.readOnly = true;
      else if (!control.matches("[type=range]")) control.disabled = true;
  }
}
