// What can be done to a rubric's text. Pure: no page, no network.
import { newId } from "../lib/id.js";

export function newCriterion(text) {
  const judged = text.criteria.filter((criterion) => criterion.kind === "judge");
  return {
    uid: newId(),
    meaning_id: newId(),
    name: "",
    description: "",
    use_when: "",
    avoid_when: "",
    kind: "judge",
    scale: text.formula === "healthbench" ? "points" : "levels",
    levels: text.formula === "healthbench" ? [] : emptyLevels(),
    // As heavy as the others on average, so that a new one neither vanishes nor rules.
    weight: judged.length
      ? Math.round(judged.reduce((sum, one) => sum + one.weight, 0) / judged.length) || 1
      : 1,
    points: text.formula === "healthbench" ? 1 : null,
    category: "",
    gate: null,
    spans: ["response"],
    check: "",
    check_argument: "",
    exemplars: [],
  };
}

const emptyLevels = () => [1, 2, 3].map((value) => ({ value, label: "", anchor: "" }));

/** Another scale. Levels that it does not have are dropped; values 0 and 1 fit every scale. */
export function setScale(criterion, scale) {
  criterion.scale = scale;
  const fits = criterion.levels.every((level) => level.value === 0 || level.value === 1);
  if (scale !== "levels" && !fits) {
    criterion.levels = [];
    criterion.exemplars = [];
  }
  if (scale === "levels" && !criterion.levels.length) criterion.levels = emptyLevels();
  if (!levelValues(criterion).includes(criterion.gate)) criterion.gate = null;
}

/** A check passes or fails; it is neither rated by levels nor a gate. */
export function setKind(criterion, kind) {
  criterion.kind = kind;
  setScale(criterion, kind === "check" ? "binary" : "levels");
  if (kind === "check") criterion.gate = null;
}

export function duplicate(criterion) {
  const copy = structuredClone(criterion);
  return {
    ...copy,
    uid: newId(),
    meaning_id: newId(),
    name: `${criterion.name} (copy)`.trim().slice(0, 200),
  };
}

export function move(list, from, step) {
  const to = from + step;
  if (!step || from < 0 || to < 0 || to >= list.length) return false;
  list.splice(to, 0, ...list.splice(from, 1));
  return true;
}

/** Put the item that is at `from` before the one that is at `to` now. */
export function moveTo(list, from, to) {
  return move(list, from, to > from ? to - from - 1 : to - from);
}

export function sortedLevels(criterion) {
  return criterion.levels.toSorted((one, other) => one.value - other.value);
}

/** The values that a score may take. */
export function levelValues(criterion) {
  return criterion.scale === "levels"
    ? sortedLevels(criterion).map((level) => level.value)
    : [0, 1];
}

export function addLevel(criterion) {
  const values = criterion.levels.map((level) => level.value);
  criterion.levels.push({
    value: values.length ? Math.max(...values) + 1 : 1,
    label: "",
    anchor: "",
  });
}

/** Take out a level with its exemplars; those above move down by one. */
export function removeLevel(criterion, value) {
  criterion.levels = criterion.levels.filter((level) => level.value !== value);
  criterion.exemplars = criterion.exemplars.filter((exemplar) => exemplar.level !== value);
  if (criterion.gate === value) criterion.gate = null;
  renumber(criterion, (old) => (old > value ? old - 1 : old));
}

/** Number the levels anew from `lowest`, without gaps. */
export function numberFrom(criterion, lowest) {
  const order = sortedLevels(criterion).map((level) => level.value);
  renumber(criterion, (old) => (order.includes(old) ? lowest + order.indexOf(old) : old));
}

function renumber(criterion, change) {
  for (const level of criterion.levels) level.value = change(level.value);
  for (const exemplar of criterion.exemplars) exemplar.level = change(exemplar.level);
  if (criterion.gate !== null) criterion.gate = change(criterion.gate);
}

/** What the criterion counts for, as the list shows it. */
export function share(text, criterion) {
  if (criterion.kind === "check") return "check";
  if (text.formula === "healthbench")
    return `${criterion.points > 0 ? "+" : ""}${criterion.points ?? 0}`.replace("-", "−");
  if (text.formula === "rar") return criterion.category;
  const sum = text.criteria.reduce(
    (total, one) => total + (one.kind === "judge" ? one.weight : 0),
    0,
  );
  return sum ? `${Math.round((100 * criterion.weight) / sum)} %` : "";
}

/** Tags as typed, with commas between. A criterion without any has no such field, as on the server. */
export function setTags(criterion, typed) {
  const tags = [
    ...new Set(
      typed
        .split(",")
        .map((tag) => tag.trim())
        .filter(Boolean),
    ),
  ];
  if (tags.length) criterion.tags = tags;
  else delete criterion.tags;
}

/** What the text says of a veto; undefined where the default holds. */
export function vetoOf(text, veto) {
  return text.vetoes?.find((entry) => entry.veto === veto);
}

/** Switch a veto off, or change what is written about it. */
export function changeVeto(text, veto, change) {
  const entry = vetoOf(text, veto);
  if (entry) Object.assign(entry, change);
  else text.vetoes = [...(text.vetoes ?? []), { veto, criteria: [], reason: "", ...change }];
  // In the order of the server, whose findings go by position.
  text.vetoes.sort((one, other) => (one.veto < other.veto ? -1 : 1));
}

/** Whether a veto can bear on a criterion, as on the server. */
export function canCap(veto, criterion) {
  const levels = levelValues(criterion).length;
  if (criterion.kind !== "judge" || levels < 2) return false;
  if (criterion.points < 0 && veto !== "harm") return false;
  return veto !== "too_long" || levels > 2;
}

/** Forget a criterion that was removed. A veto that held for it alone holds by default again. */
export function dropFromVetoes(text, uid) {
  for (const { veto, criteria } of [...(text.vetoes ?? [])]) {
    if (!criteria.includes(uid)) continue;
    const left = criteria.filter((each) => each !== uid);
    if (left.length) changeVeto(text, veto, { criteria: left });
    else resetVeto(text, veto);
  }
}

/** Back to the default. A text that changes no veto has no such field, as on the server. */
export function resetVeto(text, veto) {
  const left = (text.vetoes ?? []).filter((entry) => entry.veto !== veto);
  if (left.length) text.vetoes = left;
  else delete text.vetoes;
}

/** Equal as data, whatever the order of the keys. */
export function same(one, other) {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length && keys.every((key) => same(one[key], other[key]))
  );
}
