/** @file A table that draws only the rows in sight: thousands cost as much as twenty. Knows no particular noun. */
import { Question, paintButtons } from "./buttons.js";
import { CALM, Calm } from "./calm.js";
import { paint } from "./cells.js";
import { cellClass, columnsWithin, tracksOf } from "./columns.js";
import { make, newId, setText } from "./elements.js";
import { Sight } from "./sight.js";

export const ROW_HEIGHT = 28;
const SPARE = 4;
const PADDING = 24;
/** What stands in a row that was scrolled to before it was told. */
const COMING = { text: "…", quiet: true, hint: "On its way. Where buttons wait for a running cell, so does this row." };

/**
 * @typedef {object} Column
 * @property {string} label
 * @property {number} least px it needs
 * @property {number} [grow] its part of the room that is left
 * @property {number} rank 0: always there; the higher, the sooner it gives way in a narrow table
 * @property {boolean} [end] figures: aligned to the end
 * @property {(row: any, link: import("./link.js").Link) => import("./cells.js").Cell} show
 */

/**
 * @typedef {object} Spec
 * @property {string} section
 * @property {string} label
 * @property {Column[]} columns
 * @property {(a: any, b: any) => number} order
 * @property {number} height rows in sight at most
 * @property {number} [least] rows of room even when there are fewer
 * @property {string[]} empty what to say, and what to type, when there is nothing
 * @property {string} [stopped] what to say then, once the mesh was stopped
 * @property {boolean} [newest] rows come in at the top: who has scrolled down stays with what they read
 * @property {number} [calm] milliseconds after which it gives back room it no longer needs
 * @property {string} [noun]
 * @property {number} [room] px for the buttons
 * @property {(row: any) => string} [name]
 * @property {(row: any) => import("./buttons.js").Action[]} [actions]
 */

export class Table {
  /** @param {Spec} spec @param {import("./link.js").Link} link */
  constructor(spec, link) {
    this.spec = spec;
    this.link = link;
    this.id = newId("table");
    this.sight = new Sight(link, this.id, spec.section);
    this.question = new Question(link);
    this.node = make("div", "dm-table");
    this.grid = make("div", "dm-grid", "", { role: "grid", tabindex: "0", "aria-label": spec.label });
    this.head = make("div", "dm-row dm-head", "", { role: "row", "aria-rowindex": "1" });
    this.body = make("div", "dm-body", "", { role: "rowgroup" });
    this.empty = make("p", "dm-empty");
    this.emptyWords = make("span", "", spec.empty[0]);
    this.emptyCode = make("code", "", spec.empty[1] ?? "");
    this.empty.append(this.emptyWords, this.emptyCode);
    this.grid.append(this.head, this.body);
    this.node.append(this.grid, this.empty, this.question.node);
    /** @type {Map<any, HTMLElement>} */
    this.shown = new Map();
    this.sorted = [];
    this.count = 0;
    this.seen = -1;
    this.active = 0;
    this.room = new Calm(spec.calm ?? CALM);
    this.columns = [];
    this.grid.addEventListener("scroll", () => this.draw(false), { passive: true });
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.grid);
  }

  end() {
    this.sizes.disconnect();
    this.sight.end();
  }

  get section() {
    return this.link.store.sections[this.spec.section];
  }

  /** Look at the rows again. */
  refresh() {
    const { section } = this;
    const top = this.spec.newest ? Math.floor(this.grid.scrollTop / ROW_HEIGHT) : 0;
    const read = top && this.keyAt(top);
    const count = (this.count = section.count);
    if (section.changes !== this.seen) this.sort(section);
    this.grid.hidden = count === 0;
    this.empty.hidden = count > 0;
    const over = !!this.spec.stopped && this.link.store.health[0] === "stopped";
    setText(this.emptyWords, over ? this.spec.stopped : this.spec.empty[0]);
    this.emptyCode.hidden = over || !this.spec.empty[1];
    this.grid.setAttribute("aria-rowcount", String(count + 1));
    this.body.style.height = `${count * ROW_HEIGHT}px`;
    const room = Math.max(this.spec.least ?? 0, Math.min(count, this.spec.height));
    this.node.style.setProperty("--dm-room", `${(room + 1) * ROW_HEIGHT}px`);
    this.node.style.setProperty("--dm-kept", `${(this.room.of(room) + 1) * ROW_HEIGHT}px`);
    if (top) this.grid.scrollTop += (this.placeOf(read, top) - top) * ROW_HEIGHT;
    if (this.spec.noun) this.question.refresh(this.spec.noun);
    this.resize();
    this.draw();
  }

  /** Put the rows in order; the active one stays active, wherever it went. */
  sort(section) {
    this.seen = section.changes;
    this.sorted = section.places ? [] : [...section.rows.values()].sort(this.spec.order);
    if (section.places) return;
    this.sight.end();
    if (this.chosen !== undefined) this.active = this.placeOf(this.chosen, this.active);
  }

  /** Where the row of a key is now; the place given where it is not. */
  placeOf(key, otherwise) {
    const [field] = this.section.fields;
    const at = this.sorted.findIndex((row) => row[field] === key);
    return at < 0 ? otherwise : at;
  }

  /** A press or Enter on a row opens it. @param {(row: any) => void} open @param {string} hint */
  opens(open, hint) {
    const active = () => {
      const row = this.rowAt(this.active);
      if (row) open(row);
    };
    this.node.classList.add("dm-opens");
    this.grid.title = hint;
    this.body.addEventListener("click", (event) => event.target.closest("button") || active());
    this.grid.addEventListener("keydown", (event) => event.key === "Enter" && event.target === this.grid && active());
  }

  /** Choose the columns that fit. */
  resize() {
    const width = this.grid.clientWidth || this.node.clientWidth;
    const { fitting, missing } = columnsWithin(this.spec, width - PADDING);
    this.grid.style.setProperty("--dm-tracks", tracksOf(this.spec, fitting, missing));
    if (fitting.length === this.columns.length && fitting.every((column, at) => column === this.columns[at])) return;
    this.columns = fitting;
    this.head.replaceChildren(...fitting.map((column) => make("div", cellClass(column), column.label, { role: "columnheader" })));
    if (this.spec.actions) {
      const head = make("div", "dm-cell dm-actions", "", { role: "columnheader" });
      head.append(make("span", "dm-unseen", "Actions"));
      this.head.append(head);
    }
    for (const node of this.shown.values()) node.remove();
    this.shown.clear();
    this.draw();
  }

  /** Put the rows in sight where they belong, and no others. @param {boolean} [anew] also those that stay where they are */
  draw(anew = true) {
    const first = Math.max(0, Math.floor(this.grid.scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(this.count, first + this.spec.height + 2 * SPARE + 1);
    const wanted = new Map();
    for (let index = first; index < last; index += 1) wanted.set(this.keyAt(index), index);
    if (this.section.places && last > first) this.sight.show(first, last, wanted.size > 0 && [...wanted.values()].some((index) => !this.rowAt(index)));
    for (const [key, node] of this.shown) {
      if (wanted.has(key)) continue;
      node.remove();
      this.shown.delete(key);
    }
    this.active = Math.min(this.active, Math.max(0, this.count - 1));
    for (const [key, index] of wanted) this.place(key, index, anew);
    this.arrange([...wanted.keys()].map((key) => this.shown.get(key)));
  }

  /** The order in the document is the order in sight; moving a node must not take the focus from it. */
  arrange(nodes) {
    const focused = this.grid.getRootNode().activeElement;
    let next = this.body.firstChild;
    for (const node of nodes) {
      if (node === next) next = next.nextSibling;
      else this.body.insertBefore(node, next);
    }
    if (focused && this.body.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** The row at a place; undefined while it has not been told. */
  rowAt(index) {
    const { places, rows } = this.section;
    return places ? rows.get(places.get(index)) : this.sorted[index];
  }

  keyAt(index) {
    const row = this.rowAt(index);
    return row ? row[this.section.fields[0]] : `\u0000${index}`;
  }

  place(key, index, anew) {
    let node = this.shown.get(key);
    if (!node) {
      node = this.makeRow(key);
      this.shown.set(key, node);
      this.body.append(node);
    }
    if (!anew && node.dmIndex === index) return;
    node.dmIndex = index;
    const row = this.rowAt(index);
    node.style.transform = `translateY(${index * ROW_HEIGHT}px)`;
    node.setAttribute("aria-rowindex", String(index + 2));
    node.classList.toggle("dm-odd", index % 2 === 1);
    this.mark(node, index);
    this.columns.forEach((column, at) => paint(node.children[at], row ? column.show(row, this.link) : COMING));
    if (!this.spec.actions || !row) return;
    const buttons = { noun: this.spec.noun, key, name: this.spec.name(row), actions: this.spec.actions(row) };
    paintButtons(node.lastChild, buttons, this.link, this.question);
  }

  makeRow(key) {
    const node = make("div", "dm-row", "", { role: "row", id: `${this.id}-${key}` });
    node.append(...this.columns.map((column) => make("div", cellClass(column), "", { role: "gridcell" })));
    if (this.spec.actions) node.append(make("div", "dm-cell dm-actions", "", { role: "gridcell" }));
    node.addEventListener("mousedown", () => this.activate(Number(node.getAttribute("aria-rowindex")) - 2));
    return node;
  }

  mark(node, index) {
    const active = index === this.active;
    node.classList.toggle("dm-active", active);
    node.setAttribute("aria-selected", String(active));
    if (active) this.grid.setAttribute("aria-activedescendant", node.id);
    for (const button of node.querySelectorAll("button")) button.tabIndex = active ? 0 : -1;
  }

  activate(index) {
    this.active = Math.max(0, Math.min(index, this.count - 1));
    this.chosen = this.keyAt(this.active);
    const top = this.active * ROW_HEIGHT;
    const sight = this.grid.clientHeight - ROW_HEIGHT;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top + ROW_HEIGHT > this.grid.scrollTop + sight) this.grid.scrollTop = top + ROW_HEIGHT - sight;
    this.draw();
  }

  key(event) {
    const page = this.spec.height - 1;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.count, End: this.count };
    if (!Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    this.activate(this.active + steps[event.key]);
    if (event.target !== this.grid) this.grid.focus({ preventScroll: true });
  }
}

/** A counter beside a title. @param {HTMLElement} node @param {number} count */
export function setCount(node, count) {
  setText(node, count.toLocaleString("en"));
}
