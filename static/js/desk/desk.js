// The desk of an annotator.
import { $ } from "../lib/dom.js";
import { Criteria } from "./criteria.js";
import { COMMANDS } from "./keys.js";
import { followPage } from "./page.js";

followPage({
  Criteria,
  commands: {
    ...COMMANDS,
    s: () => $("#skip")?.showModal(),
    f: () => $("#flag").showModal(),
  },
});
