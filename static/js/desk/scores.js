// What a rating says, as data. Pure: no page, no network.

/** Equal scores, rationales, and causes where it has any. The server's levels are numbers, those of the page are text. */
export function isSameRating(one, other) {
  return (
    asText(one?.scores) === asText(other?.scores) &&
    asText(one?.rationales) === asText(other?.rationales) &&
    asText(one?.causes) === asText(other?.causes)
  );
}

function asText(byCriterion) {
  const pairs = Object.entries(byCriterion ?? {}).map(([uid, value]) => [uid, String(value)]);
  return JSON.stringify(pairs.sort());
}
