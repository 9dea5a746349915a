/** @file What stands in one cell of a table, painted only when it looks different. Text enters as text. */
import { make } from "./elements.js";
import { icon } from "./icons.js";
import { visible } from "./wording.js";

/**
 * @typedef {object} Cell
 * @property {unknown} text
 * @property {string} [lead] a part before the text that may be cut first: the folder of a path
 * @property {string} [icon]
 * @property {string} [tone]
 * @property {string} [hint] shown on hover; without one, the text
 * @property {boolean} [strong]
 * @property {boolean} [quiet]
 * @property {number} [level] 0 to 1: a small bar under the text
 */

/** @param {unknown} path @returns {Cell} the file's name never cut before its folder */
export function pathCell(path) {
  const text = visible(path);
  const cut = text.lastIndexOf("/", text.length - 2) + 1;
  return { lead: text.slice(0, cut), text: text.slice(cut), hint: text };
}

/** @param {HTMLElement} node @param {Cell} cell */
export function paint(node, cell) {
  const text = visible(cell.text);
  const look = [text, cell.lead, cell.icon, cell.tone, cell.hint, cell.level, cell.strong, cell.quiet].join("\u0000");
  if (node.dmLook === look) return;
  node.dmLook = look;
  node.classList.toggle("dm-strong", !!cell.strong);
  node.classList.toggle("dm-quiet", !!cell.quiet);
  const parts = cell.icon ? [icon(cell.icon, cell.tone)] : [];
  if (cell.lead) parts.push(leadOf(cell.lead));
  const words = make("span", cell.lead ? "dm-base" : "dm-text", text, { dir: "auto" });
  parts.push(words);
  if (cell.level !== undefined) parts.push(levelBar(cell.level));
  node.replaceChildren(...parts);
  node.title = visible(cell.hint ?? text);
}

/** A folder that is cut at its start: the span runs from right to left, the path inside it does not. */
function leadOf(folder) {
  const lead = make("span", "dm-lead");
  lead.append(make("bdi", "", visible(folder), { dir: "ltr" }));
  return lead;
}

/** @param {number} level */
function levelBar(level) {
  const bar = make("span", "dm-level");
  const fill = make("span", level > 1 ? "dm-fill dm-over" : "dm-fill");
  fill.style.width = `${Math.min(1, Math.max(0, level)) * 100}%`;
  bar.append(fill);
  return bar;
}
