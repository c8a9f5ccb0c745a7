// One item on the desk: #desk. It may have no form, where the queue is done.
import { $ } from "../lib/dom.js";
import { toast } from "../lib/toast.js";
import { Draft } from "./draft.js";
import { Submission, UNDER_WAY } from "./submission.js";

const BELOW_TURN_PX = 16;

export class Item {
  /** `Criteria` is the class of its criteria: those of the desk, or of an adjudication. */
  constructor(root, clock, Criteria) {
    this.root = root;
    this.clock = clock;
    this.form = $("[data-rating]", root);
    this.#allowUndo();
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

  /** The rating of the item before can be taken back for a while. */
  #allowUndo() {
    const { undoUrl, undoLeft } = this.root.dataset;
    this.undoUrl = undoUrl;
    if (undoUrl)
      this.undoTimer = setTimeout(() => {
        this.undoUrl = null;
      }, Number(undoLeft) * 1000);
  }

  /** Take the last rating back. False where there is none to take back. */
  undo() {
    if (!this.undoUrl) return false;
    if (this.isBusy) {
      toast(UNDER_WAY);
      return true;
    }
    const url = this.undoUrl;
    this.undoUrl = null;
    window.htmx.ajax("POST", url, { target: "#desk", swap: "outerHTML" });
    return true;
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
