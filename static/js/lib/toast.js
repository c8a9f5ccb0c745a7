import { $, element } from "./dom.js";

const SHOWN_MS = 6000;
const SHOWN_WITH_ACTION_MS = 60000;

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
  setTimeout(() => item.remove(), action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
}
