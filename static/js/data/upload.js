// Shows how much of a large file has been sent. Without JavaScript the form posts as usual.
import { $ } from "../lib/dom.js";

const percent = new Intl.NumberFormat("en", { style: "percent" });

document.addEventListener("htmx:xhr:progress", (event) => {
  const box = event.target.querySelector?.("[data-upload-progress]");
  if (!box || !event.detail.lengthComputable || !event.detail.total) return;
  const share = event.detail.loaded / event.detail.total;
  $("progress", box).value = share;
  say(box, share < 1 ? percent.format(share) : "Sent. Checking the file");
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-upload]"))
    $("[type=submit]", event.target).setAttribute("aria-busy", "true");
});

for (const failure of ["htmx:sendError", "htmx:responseError"])
  document.addEventListener(failure, (event) => {
    const form = event.target;
    if (!form.matches("[data-upload]")) return;
    $("[type=submit]", form).removeAttribute("aria-busy");
    const isTooLarge = event.detail.xhr?.status === 413;
    say(
      $("[data-upload-progress]", form),
      isTooLarge
        ? "The file is too large. Nothing was kept."
        : "The upload failed. Nothing was kept. Try again.",
    );
  });

function say(box, words) {
  box.hidden = false;
  $("dd", box).textContent = words;
}
