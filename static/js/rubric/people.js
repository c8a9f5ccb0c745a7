// Who else has the draft open, and what they did to it.
import { $ } from "../lib/dom.js";
import { Presence } from "./presence.js";

export class People {
  constructor({ url, draft, saving }) {
    Object.assign(this, { draft, saving, present: [] });
    this.presence = new Presence({
      url,
      page: { at: () => draft.openUid, seen: (reply) => this.#seen(reply) },
    });
  }

  /** Another criterion is open: tell the others soon. */
  moved() {
    this.presence.soon();
  }

  /** Who has this criterion open, for the list. */
  notes(criterion) {
    return this.present
      .filter((person) => person.at === criterion.uid)
      .map((person) =>
        person.is_me ? "you, in another window" : `${person.name.split(" ")[0]} is here`,
      );
  }

  #seen(reply) {
    this.present = reply.people;
    $("[data-people]").hidden = this.present.length === 0;
    $("[data-people-who]").textContent = this.present
      .map((person) => whatIsOpen(person, this.draft.find(person.at)))
      .join(", ");
    this.draft.list();
    if (reply.closed) this.saving.close(reply.closed);
    else if (reply.status) this.saving.reopen();
    if (reply.revision > this.saving.autosaver.revision && this.saving.isIdle)
      this.saving.mergeOthers();
  }
}

export function whatIsOpen(person, criterion) {
  const what = criterion ? criterion.name || "a new criterion" : "this draft";
  return person.is_me
    ? `You have ${what} open in another window`
    : `${person.name} has ${what} open`;
}
