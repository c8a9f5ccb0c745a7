// Says what a run's settings amount to, while they are typed.
const form = document.querySelector("#training-form");
const value = (name) => Number(form.elements[name].value) || 0;
const count = (number) => number.toLocaleString("en-US");

function share(part, whole) {
  if (!whole) return "";
  for (let below = 1; below <= 12; below += 1) {
    const above = (part / whole) * below;
    if (Math.abs(above - Math.round(above)) < 1e-9)
      return below === 1 ? `${Math.round(above)}` : `${Math.round(above)}/${below}`;
  }
  return `${Math.round((100 * part) / whole)} %`;
}

function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

function show() {
  const parts = [...form.querySelectorAll("[data-part]")];
  const numbers = parts.map((part) => Math.max(0, Number(part.querySelector("input").value) || 0));
  const whole = numbers.reduce((sum, number) => sum + number, 0);
  parts.forEach((part, i) => {
    part.querySelector("output").value = share(numbers[i], whole);
  });

  const replies = value("steps") * value("prompts_per_step") * value("rollouts_per_prompt");
  const held = value("held_out_prompts");
  const passes = (value("steps") * value("prompts_per_step")) / Math.max(value("prompts"), 1);
  const seconds = Number(form.dataset.seconds);
  const sentences = [
    `${count(value("steps"))} steps with ${count(value("prompts_per_step"))} prompts and ${count(value("rollouts_per_prompt"))} replies to each: ${count(replies)} replies are written, checked and scored.`,
    passes >= 1
      ? `Each training prompt comes about ${count(Math.round(passes))} times.`
      : "Not every training prompt comes.",
    `Before and after, ${count(held)} held-out prompts are answered once each.`,
    `${count(Math.ceil(value("steps") / Math.max(value("save_every"), 1)))} checkpoints are kept.`,
    seconds
      ? `After the last run in this project that takes about ${duration((replies + 2 * held) * seconds)}.`
      : "How long that takes is known after the first run in this project; the run’s page says it from its first step on.",
  ];
  document.querySelector("#expected").textContent = sentences.join(" ");
}

form.addEventListener("input", show);
show();
