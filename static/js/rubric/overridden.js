// What colleagues put in the place of the reader's own words: named, with both texts, until closed.
import { $, cloneTemplate } from "../lib/dom.js";

export class Overridden {
  constructor() {
    this.box = $("[data-overridden]");
    this.found = new Map();
    $("[data-overridden-close]", this.box).addEventListener("click", () => {
      this.found.clear();
      this.#draw();
    });
  }

  /** `fields` as the server names them: {key, where, what, who, before, after}. */
  add(fields) {
    for (const field of fields) {
      // A colleague who goes on writing replaces the same words of the reader.
      const before = this.found.get(field.key)?.before ?? field.before;
      if (before === field.after) this.found.delete(field.key);
      else this.found.set(field.key, { ...field, before });
    }
    if (fields.length) this.#draw();
  }

  #draw() {
    $("[data-overridden-list]", this.box).replaceChildren(...[...this.found.values()].map(row));
    this.box.hidden = this.found.size === 0;
  }
}

function row({ where, what, who, before, after }) {
  const item = cloneTemplate("t-overridden");
  $("[data-place]", item).textContent = `${where}: ${what.toLowerCase()}`;
  $("[data-who]", item).textContent = who;
  $("[data-before]", item).textContent = before || "Empty";
  $("[data-after]", item).textContent = after || "Empty";
  return item;
}
