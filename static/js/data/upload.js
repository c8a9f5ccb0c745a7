// Shows how much of a large file has been sent. Without JavaScript the form posts as usual.
const words = new Intl.NumberFormat("en", { style: "percent" });

document.addEventListener("htmx:xhr:progress", (event) => {
  const box = event.target.querySelector?.("[data-upload-progress]");
  if (!box || !event.detail.lengthComputable || !event.detail.total) return;
  const share = event.detail.loaded / event.detail.total;
  box.hidden = false;
  box.querySelector("progress").value = share;
  box.querySelector("dd").textContent = share < 1 ? words.format(share) : "Sent, being checked";
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-upload]"))
    event.target.querySelector("[type=submit]").setAttribute("aria-busy", "true");
});

for (const name of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(name, (event) => {
    if (!event.target.matches("[data-upload]")) return;
    event.target.querySelector("[type=submit]").removeAttribute("aria-busy");
    const box = event.target.querySelector("[data-upload-progress]");
    box.hidden = false;
    const isTooLarge = event.detail.xhr?.status === 413;
    box.querySelector("dd").textContent = isTooLarge
      ? "The file is larger than the studio takes. Nothing was imported."
      : "The file did not arrive. Nothing was imported; try again.";
  });
}
