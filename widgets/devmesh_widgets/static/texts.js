/** @file Longer texts: as they are, or as a diff. Every line enters as text. */
import { make } from "./elements.js";
import { visibleLines } from "./wording.js";

const MOST_LINES = 3_000;

/** @param {string} text @param {string} label what it is, for a screen reader */
export function codeBlock(text, label) {
  const node = make("pre", "dm-code", "", { tabindex: "0", "aria-label": label, dir: "auto" });
  node.textContent = visibleLines(text);
  return node;
}

/** How a line of a diff begins -> its look. @type {[RegExp, string][]} */
const DIFF_LINES = [
  [/^(diff |index |--- |\+\+\+ |new file|deleted file|similarity|rename)/, "dm-diff-file"],
  [/^@@/, "dm-diff-hunk"],
  [/^\+/, "dm-diff-add"],
  [/^-/, "dm-diff-del"],
];

/** @param {string} text a unified diff */
export function diffBlock(text, label = "Diff") {
  const node = make("pre", "dm-code dm-diff", "", { tabindex: "0", "aria-label": label });
  const lines = visibleLines(text).split("\n");
  for (const line of lines.slice(0, MOST_LINES)) {
    const [, look] = DIFF_LINES.find(([pattern]) => pattern.test(line)) ?? [null, ""];
    node.append(make("span", `dm-diff-line ${look}`.trim(), `${line}\n`));
  }
  if (lines.length > MOST_LINES) node.append(make("span", "dm-quiet", `${lines.length - MOST_LINES} lines more`));
  return node;
}

/** Names and values, those without a value left out. @param {[string, any][]} pairs */
export function listed(pairs) {
  const node = make("dl", "dm-pairs");
  for (const [name, value] of pairs) {
    if (value === null || value === undefined || value === "") continue;
    node.append(make("dt", "", name), make("dd", "", visibleLines(String(value)), { dir: "auto" }));
  }
  return node;
}
