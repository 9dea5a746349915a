/** @file The pieces panels are put together from: titled boxes, labelled fields, buttons with words. */
import { make, newId, setText } from "./elements.js";
import { icon } from "./icons.js";
import { visible } from "./wording.js";

/** A titled box. @param {string} name @param {string} title */
export function box(name, title) {
  const node = make("section", `dm-panel dm-panel-${name}`, "", { "aria-label": title });
  const heading = make("div", "dm-title", title, { role: "heading", "aria-level": "3" });
  const count = make("span", "dm-count");
  const tools = make("span", "dm-title-tools");
  heading.append(count);
  const bar = make("div", "dm-bar-top");
  bar.append(heading, tools);
  node.append(bar);
  return { node, count, tools };
}

/** A field with its label. @param {string} label @param {HTMLElement} input */
export function field(label, input, className = "") {
  const node = make("div", `dm-field ${className}`.trim());
  input.id = newId("field");
  node.append(make("label", "dm-label", label, { for: input.id }), input);
  return node;
}

/** @param {string} label @param {() => void} act @param {{className?: string, shape?: string, hint?: string, type?: string}} [look] */
export function press(label, act, { className = "dm-press", shape = "", hint = "", type = "button" } = {}) {
  const node = make("button", className, "", { type, ...(hint ? { title: visible(hint) } : {}) });
  if (shape) node.append(icon(shape));
  node.append(make("span", "", visible(label)));
  if (act) node.addEventListener("click", act);
  return node;
}

/** @param {[string, string][]} options value and word @param {string} chosen */
export function choice(options, chosen = "") {
  const node = make("select", "dm-input dm-choice");
  for (const [value, word] of options) {
    const option = make("option", "", word, { value });
    option.selected = value === chosen;
    node.append(option);
  }
  return node;
}

/** @param {string} label */
export function tick(label) {
  const node = make("label", "dm-tick");
  const input = make("input", "", "", { type: "checkbox" });
  node.append(input, make("span", "", label));
  return { node, input };
}

/** A line that says what came of something, heard by a screen reader. */
export class Notice {
  constructor() {
    this.node = make("p", "dm-notice dm-told", "", { role: "status", "aria-live": "polite" });
    this.node.hidden = true;
  }

  /** @param {string} text @param {boolean} [good] */
  say(text, good = false) {
    this.node.hidden = !text;
    this.node.classList.toggle("dm-good", good);
    setText(this.node, visible(text));
  }

  /** Say what came of it, good or bad. @param {Promise<string>} promise @returns {Promise<boolean>} */
  async follow(promise, waiting = "sent …") {
    this.say(waiting, true);
    try {
      this.say((await promise) || "done", true);
      return true;
    } catch (wrong) {
      this.say(wrong.message);
      return false;
    }
  }
}

/** Keep one node for each key, in this order; make what is new, drop what is gone. Nobody who types is disturbed.
 * @param {HTMLElement} parent @param {Map<any, any>} shown @param {any[]} rows @param {(row: any) => any} keyOf @param {(row: any) => {node: HTMLElement}} makeOne */
export function keyed(parent, shown, rows, keyOf, makeOne) {
  const wanted = new Set(rows.map(keyOf));
  for (const [key, one] of shown) {
    if (wanted.has(key)) continue;
    one.node.remove();
    shown.delete(key);
  }
  rows.forEach((row, index) => {
    const key = keyOf(row);
    if (!shown.has(key)) shown.set(key, makeOne(row));
    const { node } = shown.get(key);
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}
