/** @file Usual jobs, to begin a prompt with. A table. */

/** Name, prompt, and what else the form is filled with. @type {[string, string, Record<string, any>][]} */
export const TEMPLATES = [
  ["Fix failing tests", "Find out why these tests fail, and fix the cause rather than the test:\n\n", { check: "pytest -q", priority: "2" }],
  ["Add a feature", "Add this, with tests and documentation in the style of the project:\n\n", { review: true }],
  ["Write tests", "Write tests for this behaviour. Change nothing but tests; report what you find broken:\n\n", { check: "pytest -q" }],
  ["Refactor", "Make this simpler without changing what it does:\n\n", { check: "pytest -q", review: true }],
  ["Document", "Document this for somebody who has never seen it; check every statement against the code:\n\n", { priority: "4" }],
  ["Review", "Read this critically, and share what you find as knowledge. Change nothing:\n\n", { priority: "4" }],
];
