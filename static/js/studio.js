// What every page shares: dialogs, toasts, theme, keys. No framework, no globals.
const $ = (selector, root = document) => root.querySelector(selector);
const root = document.documentElement;

export function csrf() {
  return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
}

/** Ends a request that has no answer after so many seconds: `fetch(url, { signal: within(20) })`. */
export function within(seconds) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1000 * seconds);
  return controller.signal;
}

/** Show a message for a while; `action` is {label, run} for an undo. */
export function toast(text, action) {
  const box = $("#toasts");
  if (!box) return;
  const item = Object.assign(document.createElement("div"), { className: "toast" });
  item.append(text);
  if (action) {
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      textContent: action.label,
    });
    button.addEventListener("click", () => {
      item.remove();
      action.run();
    });
    item.append(" ", button);
  }
  box.replaceChildren(item);
  setTimeout(() => item.remove(), action ? 60000 : 6000);
}

/**
 * Where a key was pressed. A dialog that was just closed keeps the focus until the browser has
 * drawn the page again: what is pressed meanwhile is meant for the page, not for a hidden button.
 */
export function pressedAt(event) {
  return event.target.closest("dialog:not([open])") ? document.body : event.target;
}

/** True where a single letter is typed text and not a command. */
export function typing(event) {
  const at = pressedAt(event);
  return (
    event.metaKey ||
    event.ctrlKey ||
    event.altKey ||
    at.isContentEditable ||
    at.matches("textarea, select, input:not([type=radio], [type=checkbox])") ||
    document.body.dataset.singleKeys === "off" ||
    $("dialog[open]") !== null
  );
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open)?.showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  const copier = event.target.closest("[data-copy]");
  if (copier)
    navigator.clipboard
      .writeText($(copier.dataset.copy).textContent.trim())
      .then(() => toast("Copied."));
  if (event.target.closest("[data-theme-toggle]"))
    toggleTheme(event.target.closest("[data-theme-toggle]"));
});

function toggleTheme(button) {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  if (button.dataset.url) {
    fetch(button.dataset.url, {
      method: "POST",
      headers: { "X-CSRFToken": csrf() },
      body: new URLSearchParams({ theme: root.dataset.theme }),
    });
  }
}

// G and a letter go to a place of the rail, ? opens the sheet, J and K walk through a list of links.
let pressedGo = 0;
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("textarea, input, select"))
    event.target.blur();
  if (typing(event)) return;
  if (event.key === "?") {
    event.preventDefault();
    $("#keys")?.showModal();
    return;
  }
  if (event.timeStamp - pressedGo < 1500) {
    pressedGo = 0;
    const place = $(`.rail [data-go="${CSS.escape(event.key.toLowerCase())}"]`);
    if (place) {
      event.preventDefault();
      place.click();
      return;
    }
  }
  if (event.key === "g") {
    pressedGo = event.timeStamp;
    return;
  }
  if (event.key === "j" || event.key === "k") walk(event.key === "j" ? 1 : -1);
});

function walk(step) {
  const links = [...document.querySelectorAll("[data-list] a[href]:first-of-type, .pick a")].filter(
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

// A live update replaces elements. Whoever reads keeps the focus, what is unfolded and how far a
// table was scrolled; each such element has an id.
let kept = null;
document.addEventListener("htmx:wsBeforeMessage", () => {
  kept = {
    focus: document.activeElement?.id,
    open: [...document.querySelectorAll("details[open][id]")].map((item) => item.id),
    scrolled: [...document.querySelectorAll(".table-scroll[id], .chart[id]")].map((box) => [
      box.id,
      box.scrollLeft,
      box.scrollTop,
    ]),
  };
});
document.addEventListener("htmx:wsAfterMessage", () => {
  if (!kept) return;
  for (const id of kept.open) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, left, top] of kept.scrolled)
    document.getElementById(id)?.scrollTo({ left, top, behavior: "instant" });
  if (kept.focus && document.activeElement?.id !== kept.focus)
    document.getElementById(kept.focus)?.focus({ preventScroll: true });
  kept = null;
});
