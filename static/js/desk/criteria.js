// The criteria of the item: which one is open, what is chosen, what is missing.
import { $, $$ } from "../lib/dom.js";

export class Criteria {
  /** `changed()` is called after each change of a level. */
  constructor(root, { changed }) {
    this.root = root;
    this.changed = changed;
    this.all = $$(".crit", root);
  }

  rating() {
    const scores = {};
    const rationales = {};
    for (const crit of this.all) {
      const { crit: uid } = crit.dataset;
      const level = chosen(crit);
      const rationale = $("textarea", crit).value;
      if (level) scores[uid] = level.value;
      if (rationale.trim()) rationales[uid] = rationale;
    }
    return { scores, rationales };
  }

  fill({ scores, rationales }) {
    for (const crit of this.all) {
      const { crit: uid } = crit.dataset;
      for (const input of $$("input", crit)) input.checked = input.value === String(scores[uid]);
      $("textarea", crit).value = rationales[uid] ?? "";
    }
    this.count();
  }

  count() {
    $("[data-rated]", this.root).textContent = this.all.filter((crit) => this.isRated(crit)).length;
  }

  missing() {
    return this.all.filter((crit) => !this.isRated(crit));
  }

  isRated(crit) {
    return chosen(crit) !== null;
  }

  get openIndex() {
    return this.all.findIndex((crit) => crit.classList.contains("is-open"));
  }

  get current() {
    return this.all[this.openIndex];
  }

  open(crit) {
    if (!crit) return;
    for (const each of this.all) {
      const isOpen = each === crit;
      each.classList.toggle("is-open", isOpen);
      $("[data-scale]", each).className = isOpen ? "anchors" : "levels";
    }
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    crit.scrollIntoView({ block: "nearest", behavior: isStill ? "auto" : "smooth" });
  }

  openNext(step) {
    this.open(this.all[this.openIndex + step]);
  }

  /** The level of the open criterion that a key gives. */
  levelFor(key) {
    return this.current && $(`input[data-key="${CSS.escape(key)}"]`, this.current);
  }

  choose(level) {
    const crit = level.closest(".crit");
    level.checked = true;
    this.rated(crit);
    this.open(this.all[this.all.indexOf(crit) + 1]);
  }

  rated(crit) {
    crit.classList.remove("is-missing");
    if (!$(".crit.is-missing", this.root)) this.showProblem("");
    this.changed();
  }

  showMissing(missing) {
    for (const crit of missing) crit.classList.add("is-missing");
    const names = missing.map((crit) => $("h3", crit).firstChild.textContent.trim());
    this.showProblem(`Not rated yet: ${names.join(", ")}.`);
    this.open(missing[0]);
    $("input", missing[0]).focus({ preventScroll: true });
  }

  showProblem(text) {
    const box = $("[data-problem]", this.root);
    $("p", box).textContent = text;
    box.hidden = !text;
  }
}

export const chosen = (crit) => $("input:checked", crit);
