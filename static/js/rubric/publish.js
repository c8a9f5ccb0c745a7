// The button that publishes the draft or sends it for review.
import { $ } from "../lib/dom.js";
import { toast } from "../lib/toast.js";

export function enablePublishing(autosaver, state) {
  const button = $("[data-publish]");
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    const isSaved = await autosaver.save();
    button.removeAttribute("aria-busy");
    if (!isSaved) toast("Your last changes are not saved yet. Wait a moment, then try again.");
    // Show what has to be settled, beginning with the first.
    else if (button.getAttribute("aria-disabled") === "true") {
      state.touched.addAll();
      $('#state [data-severity="error"] a')?.click();
    } else if (button.dataset.publish === "review") $("[data-review]").submit();
    else $("#publish").showModal();
  });
}
