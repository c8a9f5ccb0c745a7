import { $, element } from "./dom.js";

const SHOWN_MS = 8000;

/** Show a message for a while; `action` is {label, run} for an undo. */
export function toast(text, action) {
  const box = $("#toasts");
  if (!box) return;
  const item = element("div", { className: "toast" });
  item.append(text);
  if (action) {
    const button = element("button", { type: "button", textContent: action.label });
    button.addEventListener("click", () => {
      item.remove();
      action.run();
    });
    item.append(" ", button);
  }
  box.replaceChildren(item);
  makeRoom(box.offsetHeight);
  setTimeout(() => item.remove(), SHOWN_MS);
}

/**
 * Below the page and its bars, so that a toast covers no control. The room stays when the toast
 * leaves: a button that moves then is missed by who was about to press it.
 */
function makeRoom(height) {
  const { style } = document.documentElement;
  const there = Number.parseFloat(style.getPropertyValue("--toast-room")) || 0;
  style.setProperty("--toast-room", `${Math.max(height, there)}px`);
}
