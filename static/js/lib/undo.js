// What was done last can be taken back for a while, in the bar of the page.
import { $ } from "./dom.js";

/** Remove the undo of `root` when its time is over. What comes back is the timer. */
export function endUndoInTime(root) {
  const undo = $("[data-undo]", root);
  return undo && setTimeout(() => undo.remove(), Number(undo.dataset.undo) * 1000);
}
