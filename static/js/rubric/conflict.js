// Several people saved one draft: what only one of them changed is taken, the rest is asked.
import { $, $$ } from "../lib/dom.js";
import { postJson } from "../lib/http.js";
import { same } from "./text.js";

/**
 * `editor` answers `text()`, `base()`, the text that all began from, and `merged(reply)`, with
 * the one text, once nothing is left to choose; `asked(reply)` is told what is left.
 */
export class Conflict {
  constructor({ url, editor }) {
    Object.assign(this, { url, editor });
    this.box = $("[data-conflict]");
    this.pointer = $("[data-to-conflict]");
    this.choices = {};
    this.pointer.addEventListener("click", () => {
      this.box.scrollIntoView({ block: "start" });
      this.box.focus({ preventScroll: true });
    });
  }

  /** Bring in what was saved by others. Raises where the server does not answer. */
  resolve() {
    this.resolving ??= this.#resolve().finally(() => {
      this.resolving = null;
    });
    return this.resolving;
  }

  /** Ask nothing now; what was chosen is kept. */
  hide() {
    this.box.hidden = this.pointer.hidden = true;
  }

  async #resolve() {
    let sent;
    let reply;
    // Who goes on writing while the server merges loses nothing of it.
    do {
      sent = structuredClone(this.editor.text());
      reply = await this.#merge(sent);
    } while (!same(sent, this.editor.text()));
    if (reply.undecided === 0) this.#finish(reply);
    else this.#ask(reply);
    return reply;
  }

  async #merge(content) {
    const answer = await postJson(this.url, {
      base: this.editor.base(),
      content,
      choices: this.choices,
    });
    if (!answer.ok || !answer.data) throw new Error("the texts were not merged");
    return answer.data;
  }

  #finish(reply) {
    this.hide();
    $("[data-conflict-body]", this.box).replaceChildren();
    this.choices = {};
    this.editor.merged(reply);
  }

  /** Whoever is writing goes on writing: the question waits and does not take the focus. */
  #ask(reply) {
    const isAnswering = this.box.contains(document.activeElement);
    $("[data-conflict-who]", this.box).textContent = reply.authors.join(" and ");
    $("[data-conflict-count]", this.box).textContent =
      reply.conflicts === 1 ? "one field" : `${reply.conflicts} fields`;
    // Markup of our own server, in which all text of people is escaped.
    $("[data-conflict-body]", this.box).innerHTML = reply.html;
    const form = $("[data-merge]", this.box);
    this.#listen(form);
    this.box.hidden = this.pointer.hidden = false;
    this.#count(form);
    if (isAnswering) $("input", undecided(form)[0] ?? form).focus();
    this.editor.asked(reply);
  }

  #listen(form) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("[type=radio]")) this.#note(event.target);
      this.#count(form);
    });
    form.addEventListener("input", (event) => {
      if (!event.target.matches("[data-written]")) return;
      const box = $('[value="written"]', event.target.closest("[data-key]"));
      box.checked = true;
      this.#note(box);
      this.#count(form);
    });
    form.addEventListener("click", (event) => {
      const side = event.target.closest("[data-all]")?.dataset.all;
      if (!side) return;
      for (const box of $$(`[value="${side}"]`, form)) {
        box.checked = true;
        this.#note(box);
      }
      this.#count(form);
      $('[type="submit"]', form).focus();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#choose(form);
    });
  }

  #note(box) {
    const written = () => $("[data-written]", box.closest("[data-key]")).value;
    this.choices[box.name] = box.value === "written" ? { text: written() } : box.value;
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
