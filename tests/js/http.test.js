import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { get, parseJson, postForm, postJson } from "../../static/js/lib/http.js";
import { fakeServer, openPage, settled } from "./browser.js";

let requests;
beforeEach(() => {
  openPage();
  requests = fakeServer();
});

test("a post carries JSON and the CSRF token", async () => {
  const pending = postJson("/save/", { text: "Warm" });
  const [{ url, options, data }] = requests;
  assert.equal(url, "/save/");
  assert.equal(options.method, "POST");
  assert.equal(options.redirect, "manual");
  assert.deepEqual(options.headers, {
    "Content-Type": "application/json",
    "X-CSRFToken": "token",
  });
  assert.deepEqual(data, { text: "Warm" });
  requests[0].answer(200, { revision: 2 });
  const answer = await pending;
  assert.deepEqual(
    [answer.ok, answer.status, answer.data, answer.isLost],
    [true, 200, { revision: 2 }, false],
  );
});

test("a refusal is an answer with its data", async () => {
  const pending = postJson("/save/", {});
  requests[0].answer(409, { code: "stale" });
  const { ok, status, data } = await pending;
  assert.deepEqual([ok, status, data], [false, 409, { code: "stale" }]);
});

test("an answer that is no JSON has a text and no data", async () => {
  const pending = postJson("/preview/", {});
  requests[0].answerText(200, "<p>Guidance</p>");
  const { ok, text, data } = await pending;
  assert.deepEqual([ok, text, data], [true, "<p>Guidance</p>", null]);
});

test("a request that is not answered does not raise", async () => {
  const pending = postJson("/save/", {});
  requests[0].lose();
  const { ok, status, isLost } = await pending;
  assert.deepEqual([ok, status, isLost], [false, 0, true]);
});

test("a redirect, to the page to sign in, is told apart from a lost request", async () => {
  const pending = postJson("/save/", {});
  requests[0].redirect();
  const { ok, isLost, isRedirect } = await pending;
  assert.deepEqual([ok, isLost, isRedirect], [false, false, true]);
});

test("a request ends after its time limit, and an answer in time stays", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const late = postJson("/save/", {}, { timeoutS: 20 });
    const inTime = postJson("/save/", {}, { timeoutS: 20 });
    mock.timers.tick(19_999);
    await requests[1].answer(200, {});
    mock.timers.tick(1);
    assert.equal((await late).isLost, true);
    assert.equal((await inTime).ok, true);
  } finally {
    mock.timers.reset();
  }
});

test("what may outlive its page is limited in bytes, not in characters", async () => {
  for (const text of ["short", "x".repeat(60_000), "寒".repeat(25_000)])
    postJson("/save/", text, { mayOutlivePage: true });
  postJson("/save/", "short");
  await settled();
  assert.deepEqual(
    requests.map(({ options }) => options.keepalive),
    [true, false, false, false],
  );
});

test("a form is posted with the token, and a query is encoded", () => {
  postForm("/theme/", { theme: "dark" });
  get("/replies/", { q: "a & b", level: 2 });
  assert.equal(String(requests[0].options.body), "theme=dark");
  assert.equal(requests[0].options.headers["X-CSRFToken"], "token");
  assert.equal(requests[1].url, "/replies/?q=a+%26+b&level=2");
});

test("text that is no JSON is null", () => {
  assert.equal(parseJson("<html>"), null);
  assert.equal(parseJson(undefined), null);
  assert.deepEqual(parseJson('{"a": 1}'), { a: 1 });
});
