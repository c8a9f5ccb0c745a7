// What a training run's settings amount to. Pure: no page.

const count = (number) => number.toLocaleString("en-US");

/** A part of a whole as a fraction where it is a simple one, and in percent otherwise. */
export function share(part, whole) {
  if (!whole) return "";
  for (let below = 1; below <= 12; below += 1) {
    const above = (part / whole) * below;
    if (Math.abs(above - Math.round(above)) < 1e-9)
      return below === 1 ? `${Math.round(above)}` : `${Math.round(above)}/${below}`;
  }
  return `${Math.round((100 * part) / whole)} %`;
}

export function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/**
 * The run in words. `secondsPerReply` is what a reply took in the last run of the project, 0 where
 * there was none.
 */
export function describe(settings, secondsPerReply) {
  const { steps, promptsPerStep, rolloutsPerPrompt, heldOutPrompts, saveEvery } = settings;
  const replies = steps * promptsPerStep * rolloutsPerPrompt;
  return [
    `${count(steps)} steps with ${count(promptsPerStep)} prompts and ${count(rolloutsPerPrompt)} replies to each, so ${count(replies)} replies are written, checked and scored.`,
    describePasses(settings),
    `${count(heldOutPrompts)} held-out prompts are answered once before and once after training.`,
    `${count(Math.ceil(steps / Math.max(saveEvery, 1)))} checkpoints are saved.`,
    describeTime(replies + 2 * heldOutPrompts, secondsPerReply),
  ].join(" ");
}

function describePasses({ steps, promptsPerStep, prompts }) {
  const passes = (steps * promptsPerStep) / Math.max(prompts, 1);
  return passes >= 1
    ? `Each training prompt is used about ${count(Math.round(passes))} times.`
    : "Not every training prompt is used.";
}

function describeTime(replies, secondsPerReply) {
  return secondsPerReply
    ? `Judging by the last run in this project, this takes about ${duration(replies * secondsPerReply)}.`
    : "There is no time estimate before the first run in this project. The run’s page shows one after the first step.";
}
