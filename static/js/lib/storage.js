// What this browser keeps. It may refuse to, and then nothing is kept and nothing fails.

/** `where` is "localStorage" or "sessionStorage". */
export function readStored(key, where = "localStorage") {
  try {
    return JSON.parse(globalThis[where].getItem(key));
  } catch {
    return null;
  }
}

/** True if it is kept. */
export function store(key, value, where = "localStorage") {
  try {
    globalThis[where].setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function removeStored(key, where = "localStorage") {
  try {
    globalThis[where].removeItem(key);
  } catch {
    // It was never kept.
  }
}
