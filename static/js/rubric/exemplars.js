// The dialog that finds replies of real dialogues to show as exemplars of a level.
import { $ } from "../lib/dom.js";
import { get } from "../lib/http.js";

const WAIT_MS = 250;
const dialog = $("#exemplars");
const words = $("[data-words]", dialog);
const rated = $("[data-rated]", dialog);
const found = $("[data-found]", dialog);
let timer, level, use;
let searches = 0;

/** Let the person choose; `taken({text, context})` gets each reply that they choose. */
export function pickExemplar(place, taken) {
  level = place;
  use = taken;
  $("[data-level-name]", dialog).textContent =
    `level ${place.value}${place.label ? `, ${place.label}` : ""}`;
  rated.checked = false;
  dialog.showModal();
  words.focus();
  words.select();
  search();
}

async function search() {
  clearTimeout(timer);
  const search = ++searches;
  const ofLevel = rated.checked ? { uid: level.uid, level: level.value } : {};
  const answer = await get(dialog.dataset.url, { q: words.value, ...ofLevel });
  // An answer that a later search overtook is not shown.
  if (search !== searches) return;
  // Markup of our own server, in which all text of people is escaped.
  if (answer.ok) found.innerHTML = answer.text;
  else
    found.textContent =
      "The server does not respond. Try again in a moment, or close this and write the reply yourself.";
}

words.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, WAIT_MS);
});
words.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    search();
  }
});
rated.addEventListener("change", search);
found.addEventListener("click", (event) => {
  const reply = event.target.closest("[data-use]")?.closest("[data-reply]");
  if (!reply) return;
  dialog.close();
  use({
    text: $("[data-text]", reply).textContent,
    context: $("[data-context]", reply).textContent,
  });
});
