// What the buttons of the editor do, and moving a criterion.
import { $ } from "../lib/dom.js";
import { selectorOf } from "../lib/focus.js";
import { fieldAt } from "./draft.js";
import { enableDragging } from "./list.js";
import { announce } from "./status.js";
import { dropFromVetoes, duplicate, move, moveTo, newCriterion } from "./text.js";

const NAME = '[data-f="name"]';

export class Actions {
  constructor({ draft, undo, state }) {
    Object.assign(this, { draft, undo, state });
    this.byName = {
      add: () => this.add(),
      duplicate: () => this.#duplicate(),
      remove: () => this.#remove(),
      up: () => this.shift(draft.criterion, -1),
      down: () => this.shift(draft.criterion, 1),
      undo: () => undo.undo(),
      redo: () => undo.redo(),
      "set-aside": (button) => state.hideWarning(button.closest("[data-lint]").dataset.key),
      "show-aside": () => state.showHidden(),
    };
    document.addEventListener("click", (event) => this.#click(event));
    enableDragging((uid, index) => this.#drop(uid, index));
  }

  add() {
    if (this.draft.isLocked) return;
    const criterion = newCriterion(this.draft.text);
    this.draft.text.criteria.push(criterion);
    this.draft.open(criterion.uid, NAME);
    this.draft.changed({ label: "Add a criterion" });
  }

  /** Move the criterion up by -1 or down by 1. */
  shift(criterion, step) {
    if (this.draft.isLocked) return;
    const { criteria } = this.draft.text;
    if (move(criteria, criteria.indexOf(criterion), step)) this.#moved(criterion);
  }

  #duplicate() {
    const { criteria } = this.draft.text;
    const copy = duplicate(this.draft.criterion);
    criteria.splice(criteria.indexOf(this.draft.criterion) + 1, 0, copy);
    this.draft.open(copy.uid, NAME);
    this.draft.changed({ label: "Duplicate a criterion" });
  }

  #remove() {
    const { uid, name } = this.draft.criterion;
    const { criteria } = this.draft.text;
    this.draft.removed(`${name || "The criterion"} was removed.`);
    const at = criteria.indexOf(this.draft.criterion);
    criteria.splice(at, 1);
    dropFromVetoes(this.draft.text, uid);
    this.draft.open((criteria[at] ?? criteria[at - 1])?.uid, NAME);
    if (!this.draft.criterion) $('[data-do="add"]').focus();
    this.draft.changed({ label: `Remove ${name || "a criterion"}`, uid });
  }

  #drop(uid, index) {
    if (this.draft.isLocked) return;
    const { criteria } = this.draft.text;
    const criterion = this.draft.find(uid);
    if (moveTo(criteria, criteria.indexOf(criterion), index)) this.#moved(criterion);
  }

  #moved(criterion) {
    const { criteria } = this.draft.text;
    const name = criterion.name || "The criterion";
    announce(`${name} is number ${criteria.indexOf(criterion) + 1} of ${criteria.length}.`);
    const at = document.activeElement;
    const focus = this.draft.form.contains(at) ? (selectorOf(at) ?? NAME) : undefined;
    this.draft.changed({ label: `Move ${name}`, key: `move ${criterion.uid}` });
    // Paths of fields and findings go by position.
    this.draft.redraw(focus);
  }

  #click(event) {
    const link = event.target.closest("[data-pick]");
    if (link) {
      event.preventDefault();
      this.#pick(link, event);
      return;
    }
    const button = event.target.closest("[data-do]");
    if (button) this.byName[button.dataset.do]?.(button);
  }

  #pick({ dataset: { pick, path, focus } }, event) {
    // A click without a pointer came from the keyboard: go on writing at once.
    const title = event.detail === 0 ? '[data-f="name"], [data-f="title"]' : undefined;
    this.draft.open(pick, fieldAt(path) ?? (focus ? `[data-f="${focus}"]` : title));
    if (path) this.state.touched.add(path);
    // Where the panes stand below each other, the form may be out of sight.
    const { form } = this.draft;
    if (form.getBoundingClientRect().top > innerHeight / 2) form.scrollIntoView();
  }
}
