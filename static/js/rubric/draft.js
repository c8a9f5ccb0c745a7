// The draft that is being written: its text in memory, and the criterion that is open.
import { $ } from "../lib/dom.js";
import { updateExample } from "./example.js";
import { drawForm, refreshForm } from "./form.js";
import { drawList } from "./list.js";

/** In place of a criterion's uid: the rubric itself is open. */
const ABOUT = "about";

export class Draft {
  /**
   * `page` has the rest of the editor: `recorded(change)`, `save()`, `drawn()`, `opened()`, called
   * after a change of the text, of the form, or of what is open; `removed(words)`, which offers to
   * undo; `notes(criterion)`, what the list says below a name.
   */
  constructor({ text, form, page }) {
    Object.assign(this, { text, form, page, criterion: null, isLocked: false });
  }

  get openUid() {
    return this.criterion?.uid ?? ABOUT;
  }

  find(uid) {
    return this.text.criteria.find((criterion) => criterion.uid === uid) ?? null;
  }

  /** The text was changed: `label` says how, `at` is the path of the field. */
  changed({ label, key, at, uid = this.openUid }) {
    this.page.recorded({ label, key, at: { uid, path: at } });
    this.list();
    refreshForm(this.form, this);
    if (!this.criterion) updateExample(this.form, this.text);
    this.page.save();
  }

  list() {
    drawList(this.text, this.openUid, this.page.notes);
  }

  /** Draw the form anew; `focus` is a selector in it. */
  redraw(focus) {
    drawForm(this.form, this);
    this.page.drawn();
    if (focus) $(focus, this.form)?.focus();
  }

  /** Something is taken away: say so, and offer to bring it back. */
  removed(words) {
    this.page.removed(words);
  }

  open(uid, focus) {
    this.criterion = this.find(uid);
    window.history.replaceState(null, "", `#${encodeURIComponent(this.openUid)}`);
    this.list();
    this.redraw(focus);
    this.page.opened();
  }

  /** Go on with another text: `uid` is opened, or what was open, or what there is. */
  replaceText(text, uid, focus) {
    this.text = text;
    const uids = [ABOUT, ...text.criteria.map((criterion) => criterion.uid)];
    this.open(
      [uid, this.criterion?.uid, uids[1]].find((one) => uids.includes(one)),
      focus,
    );
  }
}

/** A selector for the field of a path, if there is a path. */
export const fieldAt = (path) => (path ? `[data-path="${CSS.escape(path)}"]` : undefined);

/** The path of the same field where its criterion is now: paths go by position. */
export const pathIn = (text, uid, path) =>
  path?.replace(/^criteria\[\d+\]/, () => {
    const at = text.criteria.findIndex((criterion) => criterion.uid === uid);
    return `criteria[${at}]`;
  });
