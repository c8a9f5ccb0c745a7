// The dialog that finds replies of real dialogues to show as exemplars of a level.
const $ = (selector, root = document) => root.querySelector(selector);
const WAIT_MS = 250;
const dialog = $("#exemplars");
const words = $("[data-words]", dialog);
const rated = $("[data-rated]", dialog);
const found = $("[data-found]", dialog);
let timer, level, use;
let asked = 0;

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
  const turn = ++asked;
  const query = new URLSearchParams({ q: words.value });
  if (rated.checked) {
    query.set("uid", level.uid);
    query.set("level", level.value);
  }
  const response = await fetch(`${dialog.dataset.url}?${query}`, { redirect: "manual" }).catch(
    () => null,
  );
  if (turn !== asked) return;
  // Markup of our own server, in which all text of people is escaped.
  if (response?.ok) found.innerHTML = await response.text();
  else
    found.textContent =
      "The server does not answer. Type again in a moment, or close this and write the reply yourself.";
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
