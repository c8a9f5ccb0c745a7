// One item on the desk: #desk. It may have no form, where the queue is done.
import { $ } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { endUndoInTime } from "../lib/undo.js";
import { Draft } from "./draft.js";
import { Submission } from "./submission.js";

const BELOW_TURN_PX = 16;

export class Item {
  /** `Criteria` is the class of its criteria: those of the desk, or of an adjudication. */
  constructor(root, clock, Criteria) {
    this.root = root;
    this.clock = clock;
    this.form = $("[data-rating]", root);
    this.undoTimer = endUndoInTime(root);
    root.closest(".page-in").classList.toggle("is-wide", Boolean(this.form));
    if (!this.form) return;
    this.criteria = new Criteria(root, { changed: () => this.draft.change() });
    this.draft = new Draft(root, this.criteria, clock);
    this.submission = new Submission(this.form, this.criteria, this.draft, clock);
    clock.begin(Number(root.dataset.seconds));
    this.draft.takeBackUnsent();
    showCurrentTurn(root);
  }

  get isBusy() {
    return this.submission?.isUnderWay ?? false;
  }

  get canUndo() {
    return $("[data-undo]", this.root) !== null;
  }

  /** Take back what was done last. */
  undo() {
    if (this.isBusy) toast(this.submission.whyBusy);
    else $("[data-undo]", this.root).requestSubmit();
  }

  /** The rating arrived: nothing of it is left to save. */
  submitted() {
    this.draft?.autosaver.abandon();
  }

  /** Another item takes its place. */
  end() {
    clearTimeout(this.undoTimer);
    this.submission?.stop();
    this.draft?.autosaver.stop();
    this.clock.stop();
  }
}

function showCurrentTurn(root) {
  const turn = $(".turn[aria-current]", root);
  const pane = $("[data-dialogue]", root);
  if (!turn || pane.scrollHeight <= pane.clientHeight) return;
  const below = turn.getBoundingClientRect().bottom - pane.getBoundingClientRect().bottom;
  pane.scrollTop += below + BELOW_TURN_PX;
}
