// The editor of a draft: one text in memory, drawn as a list, a form and what the server says of it.
import { $, pageData } from "../lib/dom.js";
import { Actions } from "./actions.js";
import { Draft } from "./draft.js";
import { listenForKeys } from "./keys.js";
import { People } from "./people.js";
import { enablePublishing } from "./publish.js";
import { Remarks } from "./remarks.js";
import { Saving } from "./saving.js";
import { State } from "./state.js";
import { Undo } from "./undo.js";

const editor = $("[data-editor]");
const form = $("[data-form]");

const draft = new Draft({
  text: pageData("draft"),
  form,
  page: {
    recorded: (change) => undo.record(change),
    save: () => saving.autosaver.changed(),
    drawn: () => state.showFindings(),
    opened: () => people.moved(),
    removed: (words) => undo.offer(words),
    notes: (criterion) => [...remarks.notes(criterion), ...people.notes(criterion)],
  },
});
const undo = new Undo(draft);
const state = new State({ form, hiddenKey: `kardia-aside-${editor.dataset.version}` });
const saving = new Saving({ editor, loaded: pageData("draft-saved"), draft, undo, state });
const remarks = new Remarks(draft);
const people = new People({ url: editor.dataset.presenceUrl, draft, saving });
const actions = new Actions({ draft, undo, state });

/** The playground scores the draft as the server has it. */
async function score() {
  if (await saving.autosaver.save())
    editor.dispatchEvent(new CustomEvent("rubric:score", { bubbles: true }));
}

listenForKeys({ draft, undo, actions, score, save: () => saving.autosaver.save() });
enablePublishing(saving.autosaver, state);

// What is sticky or scrolled to stands below the bar, which has notices at times.
const bar = $("[data-bar]");
new ResizeObserver(() =>
  document.documentElement.style.setProperty("--bar", `${bar.offsetHeight}px`),
).observe(bar);

saving.resumeStored();
const { historyAs } = editor.dataset;
undo.history.restore(historyAs);
addEventListener("pagehide", () => undo.history.keep(historyAs));
const asked = decodeURIComponent(location.hash.slice(1));
draft.open(asked || draft.text.criteria[0]?.uid);
undo.showButtons();
$('[data-do="add"]').disabled = false;
