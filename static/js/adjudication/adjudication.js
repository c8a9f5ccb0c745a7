// The page on which an item is settled.

import { COMMANDS } from "../desk/keys.js";
import { criteriaOf, followPage } from "../desk/page.js";
import { $ } from "../lib/dom.js";
import { Decisions } from "./decisions.js";

followPage({
  Criteria: Decisions,
  commands: {
    ...COMMANDS,
    s: ({ root }) => $("[data-release]", root).click(),
    w: ({ criteria }) => criteria.current && $("select", criteria.current)?.focus(),
  },
});

document.addEventListener("change", (event) => {
  const crit = event.target.closest?.("[data-rating] .crit");
  if (crit && event.target.matches("select")) criteriaOf(crit)?.causeChosen(crit);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-take]");
  if (button) criteriaOf(button)?.take(button);
});
