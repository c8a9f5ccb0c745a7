// What a training run's settings amount to. Pure: no page.

const count = (number) => number.toLocaleString("en-US");
const counted = (number, one) => `${count(number)} ${one}${number === 1 ? "" : "s"}`;

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

/** Steps that take the prompts through the model so many times. */
export function stepsFor({ passes, prompts, promptsPerStep }) {
  return Math.max(1, Math.ceil((passes * prompts) / Math.max(promptsPerStep, 1)));
}

/**
 * A plan in words. `sft` and `grpo` are the settings of each method, null where the plan does
 * without it, `judges` how many judges rate the evaluation at the end; `secondsPerReply` is what a
 * reply took in the last GRPO run of the project, 0 where there was none; `smallSeconds` is what one
 * takes on two cores where the small language model is trained with LoRA, 0 where it is not.
 */
export function describe(
  { prompts, heldOutPrompts, judges, sft, grpo },
  secondsPerReply,
  smallSeconds = 0,
) {
  return [
    ...(sft ? describeSft(sft, prompts) : []),
    ...(grpo ? describeGrpo(grpo, prompts) : []),
    ...(grpo ? [describeTime(grpo, secondsPerReply, smallSeconds, judges)] : []),
    describeEvaluation(heldOutPrompts, judges, sft && grpo ? 3 : 2),
  ].join(" ");
}

function describeSft({ steps, batchSize, saveEvery }, prompts) {
  return [
    `SFT: ${counted(steps, "step")} with ${count(batchSize)} replies to imitate.`,
    describePasses((steps * batchSize) / Math.max(prompts, 1)),
    describeCheckpoints(steps, saveEvery),
  ];
}

function describeGrpo({ steps, promptsPerStep, rolloutsPerPrompt, saveEvery }, prompts) {
  return [
    `GRPO: ${counted(steps, "step")} with ${count(promptsPerStep)} prompts and ${count(rolloutsPerPrompt)} replies to each, so ${count(steps * promptsPerStep * rolloutsPerPrompt)} replies are written, checked and scored.`,
    describePasses((steps * promptsPerStep) / Math.max(prompts, 1)),
    describeCheckpoints(steps, saveEvery),
  ];
}

function describePasses(passes) {
  return passes >= 1
    ? `Each training prompt is used about ${counted(Math.round(passes), "time")}.`
    : "Not every training prompt is used.";
}

function describeCheckpoints(steps, saveEvery) {
  const checkpoints = Math.ceil(steps / Math.max(saveEvery, 1));
  return `${counted(checkpoints, "checkpoint")} ${checkpoints === 1 ? "is" : "are"} saved.`;
}

function describeEvaluation(prompts, judges, models) {
  return judges
    ? `When training ends, ${models} models answer ${counted(prompts, "held-out prompt")}, and ${counted(judges, "judge")} ${judges === 1 ? "rates" : "rate"} the ${count(models * prompts)} answers.`
    : "No judge is chosen for an evaluation, so training ends without one.";
}

function describeTime({ steps, promptsPerStep, rolloutsPerPrompt }, seconds, smallSeconds, judges) {
  const takes = (each) => duration(steps * promptsPerStep * rolloutsPerPrompt * each);
  const onTop = judges ? " The evaluation at the end comes on top." : "";
  if (seconds)
    return `Judging by the last run in this project, GRPO takes about ${takes(seconds)}.${onTop}`;
  const later = "The run’s page shows a time estimate after the first step.";
  return smallSeconds
    ? `On two cores, GRPO of the small language model with LoRA takes about ${takes(smallSeconds)}.${onTop} ${later}`
    : `There is no time estimate before the first run in this project. ${later}`;
}
