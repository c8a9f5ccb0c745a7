// Stand-ins for the parts of a browser that the modules under test use.

/** Storage that `globalThis.localStorage` and `sessionStorage` are set to; `refuses` makes it full. */
export class FakeStorage {
  items = new Map();
  refuses = false;

  getItem(key) {
    return this.items.get(key) ?? null;
  }

  setItem(key, value) {
    if (this.refuses) throw new Error("QuotaExceededError");
    this.items.set(key, value);
  }

  removeItem(key) {
    this.items.delete(key);
  }
}

/** A page with a CSRF token and empty storage. */
export function openPage() {
  globalThis.document = { body: { getAttribute: () => '{"X-CSRFToken": "token"}' } };
  globalThis.localStorage = new FakeStorage();
  globalThis.sessionStorage = new FakeStorage();
}

/**
 * A server whose answers the test gives: each request waits in `requests` until the test calls its
 * `answer(status, data)`, `lose()` or `redirect()`.
 */
export function fakeServer() {
  const requests = [];
  globalThis.fetch = (url, options = {}) =>
    new Promise((resolve, reject) => {
      const respond = (response) => {
        resolve(response);
        return settled();
      };
      options.signal?.addEventListener("abort", () => reject(new Error("AbortError")));
      requests.push({
        url,
        options,
        data: typeof options.body === "string" ? JSON.parse(options.body) : null,
        answer: (status, data) => respond(response(status, JSON.stringify(data))),
        answerText: (status, text) => respond(response(status, text)),
        redirect: () => respond({ ...response(0, ""), type: "opaqueredirect" }),
        lose() {
          reject(new TypeError("Failed to fetch"));
          return settled();
        },
      });
    });
  return requests;
}

function response(status, text) {
  return { ok: status >= 200 && status < 300, status, type: "basic", text: async () => text };
}

/** Once everything that follows from what happened has happened; needs no clock. */
export async function settled() {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
}
