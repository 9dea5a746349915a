/** @file Making DOM nodes. The only way text enters the page is `textContent`. */

/** Tells the ids of this widget from those of another on the page, which runs this very text, too. */
const OURS = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
let named = 0;

/** An id nothing else on the page has. @param {string} what @returns {string} */
export function newId(what) {
  return `dm-${what}-${OURS}-${(named += 1)}`;
}

/**
 * @param {string} tag
 * @param {string} [className]
 * @param {string} [text]
 * @param {Record<string, string>} [attributes]
 * @returns {HTMLElement}
 */
export function make(tag, className = "", text = "", attributes = {}) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @returns {SVGElement}
 */
export function draw(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Set text only where it differs, so that a selection or a screen reader is not disturbed.
 * @param {HTMLElement} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
