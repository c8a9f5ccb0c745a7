// What the server says of the text: the total in words, what is missing, and what changed.
import { $ } from "../lib/dom.js";
import { keepPlace } from "../lib/focus.js";
import { drawBeside, drawFindings, findings, HiddenWarnings } from "./lint.js";
import { Touched } from "./touched.js";

export class State {
  /** `form` is where findings stand beside their fields. */
  constructor({ form, hiddenKey }) {
    this.form = form;
    this.box = $("[data-state-box]");
    this.hidden = new HiddenWarnings(hiddenKey);
    this.touched = new Touched(form, () => this.showFindings());
  }

  /** Replace what the server says. */
  draw(html) {
    const restorePlace = keepPlace(this.box);
    // Markup of our own server, from the template that the page itself came with.
    this.box.innerHTML = html;
    this.showFindings();
    restorePlace();
  }

  hideWarning(key) {
    this.hidden.add(key);
    this.showFindings();
  }

  showHidden() {
    this.hidden.clear();
    this.showFindings();
  }

  showFindings() {
    const found = findings(this.hidden);
    drawFindings(this.hidden);
    drawBeside(
      this.form,
      found.filter((one) => one.severity !== "error" || this.touched.has(one.path)),
    );
    const total = $("[data-total-words]", this.form);
    if (total) total.textContent = $("#state [data-total]").textContent;
    blockPublishing(found.filter((one) => one.severity === "error").length);
  }
}

function blockPublishing(errors) {
  const why = $("[data-why]");
  $("[data-publish]").setAttribute("aria-disabled", String(errors > 0));
  why.hidden = errors === 0;
  why.textContent = errors === 1 ? "1 problem to fix" : `${errors} problems to fix`;
}
