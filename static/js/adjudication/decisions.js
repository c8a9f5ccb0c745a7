// The criteria of an item that is settled: each has a level and a cause, or all levels stand.

import { Criteria, chosen } from "../desk/criteria.js";
import { $ } from "../lib/dom.js";

const ALL_STAND = "legitimate_difference";

export class Decisions extends Criteria {
  rating() {
    const causes = {};
    for (const crit of this.all) {
      const cause = causeOf(crit);
      if (cause) causes[crit.dataset.crit] = cause;
    }
    return { ...super.rating(), causes };
  }

  fill(content) {
    for (const crit of this.all) {
      const select = $("select", crit);
      if (select) select.value = content.causes?.[crit.dataset.crit] ?? "";
    }
    super.fill(content);
  }

  isRated(crit) {
    return lacking(crit) === "";
  }

  /** A digit, or the letter of a rater, whose level it is. */
  levelFor(key) {
    const rater = this.current && $(`[data-letter="${CSS.escape(key)}"]`, this.current);
    return rater ? levelOf(rater) : super.levelFor(key);
  }

  /** By keyboard: on to what this criterion still lacks, or to the next one. */
  choose(level) {
    const crit = level.closest(".crit");
    level.checked = true;
    this.rated(crit);
    if (this.isRated(crit)) this.open(this.all[this.all.indexOf(crit) + 1]);
    else focusLacking(crit);
  }

  take(button) {
    const level = levelOf(button);
    level.checked = true;
    this.rated(level.closest(".crit"));
  }

  rated(crit) {
    const select = $("select", crit);
    if (chosen(crit) && select?.value === ALL_STAND) select.value = "";
    super.rated(crit);
  }

  causeChosen(crit) {
    const level = chosen(crit);
    if (level && causeOf(crit) === ALL_STAND) level.checked = false;
    super.rated(crit);
  }

  showMissing(missing) {
    for (const crit of missing) crit.classList.add("is-missing");
    const words = missing.map((crit) => `${nameOf(crit)} needs ${lacking(crit) || "a look"}`);
    this.showProblem(`Not decided yet: ${words.join("; ")}.`);
    this.open(missing[0]);
    focusLacking(missing[0]);
  }
}

const causeOf = (crit) => $("select", crit)?.value ?? "";
const nameOf = (crit) => $("h3", crit).firstChild.textContent.trim();
const levelOf = (button) =>
  $(`input[value="${CSS.escape(button.dataset.take)}"]`, button.closest(".crit"));

/** What the criterion still needs, in words; empty where it is decided. The server asks the same. */
function lacking(crit) {
  const answer = chosen(crit)?.value;
  const given = crit.dataset.given.split(" ").filter(Boolean);
  if (causeOf(crit) === ALL_STAND) return "";
  const isNew = Boolean(answer) && given.length > 0 && !given.includes(answer);
  const wanted = [
    ["a level", !answer],
    ["a cause", "disputed" in crit.dataset && !causeOf(crit)],
    ["a reason", isNew && !$("textarea", crit).value.trim()],
  ];
  return wanted.flatMap(([words, isMissing]) => (isMissing ? [words] : [])).join(" and ");
}

function focusLacking(crit) {
  const [what] = lacking(crit).split(" and ");
  const field = { "a level": "input", "a cause": "select" }[what] ?? "textarea";
  $(field, crit)?.focus();
}
