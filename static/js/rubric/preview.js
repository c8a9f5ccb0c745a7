// Guidance as the raters will read it, rendered by the server that renders it for them.
import { $ } from "../lib/dom.js";
import { postJson } from "../lib/http.js";

const WAIT_MS = 300;

export function enablePreview(form) {
  const box = $("[data-preview]", form);
  const shown = $("[data-preview-text]", box);
  const source = $('[data-f="guidance"]', form);
  let timer;
  const draw = async () => {
    const text = source.value;
    const answer = await postJson(box.dataset.preview, { text });
    if (source.value !== text) return;
    // Sanitised by the server.
    if (answer.ok) shown.innerHTML = answer.text;
    else shown.textContent = "The preview is not available while the server does not respond.";
  };
  box.addEventListener("toggle", () => {
    if (box.open) draw();
  });
  source.addEventListener("input", () => {
    clearTimeout(timer);
    if (box.open) timer = setTimeout(draw, WAIT_MS);
  });
}
