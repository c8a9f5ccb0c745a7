// What every page shares: dialogs, theme, keys, and a reader's place in a live page.
import { $, $$ } from "./lib/dom.js";
import { keepPlace } from "./lib/focus.js";
import { postForm } from "./lib/http.js";
import { isTyping, keyOf } from "./lib/keys.js";
import { toast } from "./lib/toast.js";

const root = document.documentElement;

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open)?.showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  const copier = event.target.closest("[data-copy]");
  if (copier)
    navigator.clipboard
      .writeText($(copier.dataset.copy).textContent.trim())
      .then(() => toast("Copied."));
  const themeButton = event.target.closest("[data-theme-toggle]");
  if (themeButton) toggleTheme(themeButton);
});

function toggleTheme(button) {
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  if (button.dataset.url) postForm(button.dataset.url, { theme: root.dataset.theme });
}

// G and a letter go to a place of the rail, ? opens the sheet, J and K walk through a list of links.

const AFTER_G_MS = 1500;
let pressedG = -AFTER_G_MS;

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("textarea, input, select"))
    event.target.blur();
  if (isTyping(event)) return;
  const key = keyOf(event);
  if (key === "?") {
    event.preventDefault();
    $("#keys")?.showModal();
  } else if (goToPlace(event, key)) {
    event.preventDefault();
  } else if (key === "g") {
    pressedG = event.timeStamp;
  } else if (key === "j" || key === "k") {
    walk(key === "j" ? 1 : -1);
  }
});

/** True where the key named a place after a G. */
function goToPlace(event, key) {
  if (event.timeStamp - pressedG >= AFTER_G_MS) return false;
  pressedG = -AFTER_G_MS;
  const place = $(`.rail [data-go="${CSS.escape(key)}"]`);
  place?.click();
  return Boolean(place);
}

function walk(step) {
  const links = $$("[data-list] a[href]:first-of-type, .pick a").filter(
    (link) => link.offsetParent,
  );
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  links[Math.min(Math.max(at + step, 0), links.length - 1)].focus();
}

// The server asks for a toast with the header HX-Trigger: {"toast": "..."}.
document.addEventListener("toast", (event) => toast(event.detail.value));

const here = $(".rail [aria-current]");
if (here) here.closest("ul").scrollLeft = here.offsetLeft - 100;

// A live update replaces elements.
let restorePlace = null;
document.addEventListener("htmx:wsBeforeMessage", () => {
  restorePlace = keepPlace();
});
document.addEventListener("htmx:wsAfterMessage", () => {
  restorePlace?.();
  restorePlace = null;
});
