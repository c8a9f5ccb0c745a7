// Which fields somebody has written in or left: what is missing in the others is no error yet.

const EVENTS = ["input", "change", "focusout"];

export class Touched {
  /** `changed()` is called after a field counts as touched that did not before. */
  constructor(form, changed) {
    Object.assign(this, { form, changed, keys: new Set(), isAll: false, isPressed: false });
    for (const name of EVENTS)
      form.addEventListener(name, (event) =>
        this.add(event.target.closest("[data-path]")?.dataset.path),
      );
    // What a person is pressing must not move away under the pointer.
    document.addEventListener("pointerdown", () => {
      this.isPressed = true;
    });
    for (const name of ["pointerup", "pointercancel"])
      document.addEventListener(name, () => setTimeout(() => this.#released()));
  }

  /** `path` as the open form has it. */
  add(path) {
    if (path === undefined || this.keys.has(this.#key(path))) return;
    this.keys.add(this.#key(path));
    if (this.isPressed) this.isWaiting = true;
    else this.changed();
  }

  /** Somebody asked for all that is missing. */
  addAll() {
    this.isAll = true;
    this.changed();
  }

  /** A list counts as touched with any of its fields. */
  has(path) {
    return this.isAll || [...this.keys].some((key) => key.startsWith(this.#key(path)));
  }

  #released() {
    this.isPressed = false;
    if (!this.isWaiting) return;
    this.isWaiting = false;
    this.changed();
  }

  /** Criteria move, and their paths go by position. */
  #key(path) {
    return `${this.form.dataset.thread}|${path.replace(/^criteria\[\d+\]\.?/, "")}`;
  }
}
