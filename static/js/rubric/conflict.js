// Two people saved one draft: what only one of them changed is taken, the rest is asked.
import { $, $$ } from "../lib/dom.js";
import { postJson } from "../lib/http.js";

/**
 * `editor` answers `text()`, `base()`, the text that both began from, and `merged(reply)`, with
 * the one text, once nothing is left to choose.
 */
export class Conflict {
  constructor({ url, editor }) {
    Object.assign(this, { url, editor });
    this.box = $("[data-conflict]");
    this.choices = {};
  }

  get isOpen() {
    return !this.box.hidden;
  }

  /** Bring in what was saved by others. Raises where the server does not answer. */
  async resolve() {
    const reply = await this.#merge();
    if (reply.undecided === 0) this.#finish(reply);
    else this.#ask(reply);
    return reply;
  }

  async #merge() {
    const answer = await postJson(this.url, {
      base: this.editor.base(),
      content: this.editor.text(),
      choices: this.choices,
    });
    if (!answer.ok || !answer.data) throw new Error("the texts were not merged");
    return answer.data;
  }

  #finish(reply) {
    this.box.hidden = true;
    this.choices = {};
    this.editor.merged(reply);
  }

  #ask(reply) {
    const wasOpen = this.isOpen;
    $("[data-conflict-who]", this.box).textContent = reply.saved_by || "Somebody";
    $("[data-conflict-count]", this.box).textContent =
      reply.conflicts === 1 ? "one field" : `${reply.conflicts} fields`;
    // Markup of our own server, in which all text of people is escaped.
    $("[data-conflict-body]", this.box).innerHTML = reply.html;
    const form = $("[data-merge]", this.box);
    form.addEventListener("change", (event) => {
      this.choices[event.target.name] = event.target.value;
      this.#count(form);
    });
    form.addEventListener("click", (event) => {
      const side = event.target.closest("[data-all]")?.dataset.all;
      if (!side) return;
      for (const box of $$(`[value="${side}"]`, form)) {
        box.checked = true;
        this.choices[box.name] = side;
      }
      this.#count(form);
      $('[type="submit"]', form).focus();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#choose(form);
    });
    this.box.hidden = false;
    this.#count(form);
    if (!wasOpen) this.box.focus();
  }

  #count(form) {
    const left = undecided(form).length;
    $('[type="submit"]', form).setAttribute("aria-disabled", String(left > 0));
    $("[data-left]", form).textContent = left ? `${left} left to choose` : "";
  }

  async #choose(form) {
    const [open] = undecided(form);
    if (open) {
      $("input", open).focus();
      return;
    }
    try {
      await this.resolve();
    } catch {
      $("[data-left]", form).textContent =
        "The server does not respond. Your choices are still here. Try again.";
    }
  }
}

const undecided = (form) => $$("[data-key]", form).filter((field) => !$(":checked", field));
