// Comments on the criteria: how many are open at each, and the way to one.
import { pageData } from "../lib/dom.js";

/** The uid in an anchor such as `criterion:<uid>` or `level:<uid>:<value>`; uids may have colons. */
export function uidOf(anchor) {
  const [kind, ...rest] = anchor.split(":");
  if (kind === "criterion") return rest.join(":");
  return kind === "level" ? rest.slice(0, -1).join(":") : null;
}

export class Remarks {
  constructor(draft) {
    this.counts = {};
    document.addEventListener("threads:counted", () => {
      this.#count();
      draft.list();
    });
    document.addEventListener("threads:lead", ({ detail: { anchor } }) => {
      draft.open(uidOf(anchor) ?? undefined);
    });
    this.#count();
  }

  /** For the list: how many are open at the criterion and its levels. */
  notes({ uid }) {
    const open = this.counts[uid] ?? 0;
    return open ? [open === 1 ? "1 comment" : `${open} comments`] : [];
  }

  #count() {
    this.counts = {};
    for (const [anchor, open] of Object.entries(pageData("threads-counts"))) {
      const uid = uidOf(anchor);
      if (uid !== null) this.counts[uid] = (this.counts[uid] ?? 0) + open;
    }
  }
}
