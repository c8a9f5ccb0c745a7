// Requests of scripts to the studio. None of these functions raises: look at the answer.
//
// An answer has `ok`, `status`, `text`, `data` (the JSON, or null), `isLost` where nothing came back,
// and `isRedirect` where the server wants another page, which is how it treats a session that ended.

// What a browser still sends after its page is gone; the limit is 64 KiB for all requests together.
const MOST_AFTER_PAGE = 60000;

const LOST = { ok: false, status: 0, text: "", data: null, isLost: true, isRedirect: false };

/** `mayOutlivePage`: send it even where the person closes the page meanwhile, if it is small enough. */
export function postJson(url, data, { timeoutS, mayOutlivePage = false } = {}) {
  const body = JSON.stringify(data);
  return request(url, timeoutS, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body,
    keepalive: mayOutlivePage && new TextEncoder().encode(body).length < MOST_AFTER_PAGE,
  });
}

export function postForm(url, fields) {
  return request(url, undefined, {
    method: "POST",
    headers: { "X-CSRFToken": csrfToken() },
    body: new URLSearchParams(fields),
  });
}

export function get(url, query) {
  return request(`${url}?${new URLSearchParams(query)}`);
}

export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// The page carries the token for htmx.
function csrfToken() {
  return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
}

async function request(url, timeoutS, options = {}) {
  const controller = new AbortController();
  const timer = timeoutS && setTimeout(() => controller.abort(), 1000 * timeoutS);
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal: controller.signal,
      ...options,
    });
    const text = await response.text();
    return {
      ok: response.ok,
      status: response.status,
      text,
      data: parseJson(text),
      isLost: false,
      isRedirect: response.type === "opaqueredirect",
    };
  } catch {
    return LOST;
  } finally {
    clearTimeout(timer);
  }
}

/** Who was signed out gets the page to sign in, which is nothing to swap into #desk. Says whether
 * this answer was one, and keeps it out. */
export function keepsSignInOut({ detail }) {
  const { target, xhr } = detail;
  if (target?.id !== "desk" || xhr.status !== 200 || xhr.responseText.includes('id="desk"'))
    return false;
  detail.shouldSwap = false;
  return true;
}
