// Guidance as the raters will read it, rendered by the server that renders it for them.
import { csrf } from "../studio.js";

const WAIT_MS = 300;

export function letPreview(form) {
  const box = form.querySelector("[data-preview]");
  const shown = box.querySelector("[data-preview-text]");
  const source = form.querySelector('[data-f="guidance"]');
  let timer;
  const draw = async () => {
    const text = source.value;
    const response = await fetch(box.dataset.preview, {
      method: "POST",
      body: JSON.stringify({ text }),
      redirect: "manual",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
    }).catch(() => null);
    if (source.value !== text) return;
    // Sanitised by the server.
    if (response?.ok) shown.innerHTML = await response.text();
    else shown.textContent = "The preview is not to be had while the server is away.";
  };
  box.addEventListener("toggle", () => {
    if (box.open) draw();
  });
  source.addEventListener("input", () => {
    clearTimeout(timer);
    if (box.open) timer = setTimeout(draw, WAIT_MS);
  });
}
