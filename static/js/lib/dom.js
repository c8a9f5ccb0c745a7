// Short names for what every script does with the page.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export const element = (name, properties) =>
  Object.assign(document.createElement(name), properties);

/** A copy of what is in the page's `<template id="…">`. Icons, too, come from there: the server draws
 * them from one set (webapp/ui.py). */
export const cloneTemplate = (id) =>
  document.getElementById(id).content.cloneNode(true).firstElementChild;

/** The data that the page carries in `<script type="application/json" id="…">`. */
export const pageData = (id) => JSON.parse(document.getElementById(id).textContent);

/** Open all of these `<details>`, or close them where all are open. */
export function toggleAll(details) {
  const isOpen = details.some((each) => !each.open);
  for (const each of details) each.open = isOpen;
}
