import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { toast } from "../../static/js/lib/toast.js";

let box, room;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  room = {};
  box = {
    items: [],
    offsetHeight: 48,
    replaceChildren: (...items) => {
      box.items = items;
    },
  };
  globalThis.document = {
    documentElement: {
      style: {
        getPropertyValue: (name) => room[name] ?? "",
        setProperty: (name, value) => {
          room[name] = value;
        },
      },
    },
    querySelector: () => box,
    createElement: () => {
      const item = {
        append() {},
        remove: () => (box.items = box.items.filter((one) => one !== item)),
      };
      return item;
    },
  };
});

test("a toast leaves after 8 s", () => {
  toast("Submitted.");
  mock.timers.tick(7999);
  assert.equal(box.items.length, 1);
  mock.timers.tick(1);
  assert.equal(box.items.length, 0);
});

test("the next one takes its place, and its time is its own", () => {
  toast("Submitted.");
  mock.timers.tick(5000);
  toast("Skipped.");
  mock.timers.tick(7999);
  assert.equal(box.items.length, 1);
});

test("the page makes room for it, and keeps it", () => {
  toast("Submitted.");
  mock.timers.tick(8000);
  assert.equal(room["--toast-room"], "48px");
});
