// A part of a run's page that the socket replaces: what a person has opened in it stays open, and
// the focus stays where it was.
let focused = "";

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  focused = target.contains(document.activeElement) ? document.activeElement.id : "";
  for (const open of target.querySelectorAll("details[open][id]")) {
    const again = fragment.querySelector(`#${CSS.escape(open.id)}`);
    if (again) again.open = true;
  }
});

document.addEventListener("htmx:oobAfterSwap", () => {
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  focused = "";
});
