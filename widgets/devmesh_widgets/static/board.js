/** @file Tasks as a board: a column for each stage of their life, a card for each task, a page at a time where there are many. */
import { keyed, press } from "./boxes.js";
import { make, newId, setText } from "./elements.js";
import { icon } from "./icons.js";
import { Sight } from "./sight.js";
import { TASK_ORDER, TASK_STATES, lookOf } from "./states.js";
import { age, visible } from "./wording.js";

const PAGE = 25;

/** Title, and the states in it: a stretch of TASK_ORDER each. @type {[string, string[]][]} */
const STAGES = [
  ["Waiting", ["queued", "paused", "abandoned"]],
  ["At work", ["claimed", "working"]],
  ["In review", ["review"]],
  ["Done", ["completed"]],
  ["Not done", ["failed", "cancelled"]],
];

class Column {
  /** @param {import("./link.js").Link} link @param {string} title @param {string[]} states @param {(task: number) => void} open */
  constructor(link, title, states, open) {
    this.link = link;
    this.states = new Set(states);
    this.open = open;
    this.sight = new Sight(link, newId("column"), "tasks", 0);
    this.first = 0;
    this.cards = new Map();
    this.node = make("section", "dm-column", "", { "aria-label": title });
    this.count = make("span", "dm-count");
    const head = make("div", "dm-column-head", `${title} `);
    head.append(this.count);
    this.list = make("div", "dm-column-cards");
    this.pages = make("div", "dm-pages");
    this.where = make("span", "dm-quiet", "", { role: "status" });
    this.before = this.turner(`Earlier in ${title}`, "before", -PAGE);
    this.after = this.turner(`Further in ${title}`, "after", PAGE);
    this.pages.append(this.before, this.where, this.after);
    this.node.append(head, this.list, this.pages);
  }

  turner(label, shape, step) {
    const node = press(label, () => {
      this.first += step;
      this.list.scrollTop = 0;
      this.show();
    }, { className: "dm-button", shape, hint: label });
    node.setAttribute("aria-label", label);
    node.lastChild.remove();
    return node;
  }

  /** @param {any[]} rows all tasks in order, while all are told */
  showOf(rows) {
    const own = rows.filter((row) => this.states.has(row.state));
    this.sight.end();
    this.show = () => this.paint(own.length, () => own.slice(this.first, this.first + PAGE));
    this.show();
  }

  /** The same where only the places in sight are told. @param {Map<string, number>} tally tasks in each state */
  showPlaces(tally) {
    const { places, rows } = this.link.store.sections.tasks;
    const sum = (states) => states.reduce((all, state) => all + (tally.get(state) ?? 0), 0);
    const start = sum(TASK_ORDER.slice(0, TASK_ORDER.findIndex((state) => this.states.has(state))));
    const total = sum([...this.states]);
    this.show = () => this.paint(total, () => {
      const [first, last] = [start + this.first, start + Math.min(total, this.first + PAGE)];
      const told = Array.from({ length: last - first }, (_, at) => rows.get(places.get(first + at))).filter((row) => row && this.states.has(row.state));
      if (last > first) this.sight.show(first, last, told.length < last - first);
      return told;
    });
    this.show();
  }

  /** @param {number} total @param {() => any[]} page the rows of the page there is now */
  paint(total, page) {
    this.first = Math.max(0, Math.min(this.first, Math.floor((total - 1) / PAGE) * PAGE));
    const rows = page();
    setText(this.count, total.toLocaleString("en"));
    keyed(this.list, this.cards, rows, (row) => row.task, (row) => this.card(row));
    for (const row of rows) this.cards.get(row.task).paint(row);
    this.pages.hidden = total <= PAGE;
    const end = Math.min(total, this.first + PAGE);
    setText(this.where, `${(this.first + 1).toLocaleString("en")} to ${end.toLocaleString("en")}`);
    this.before.disabled = this.first === 0;
    this.after.disabled = end >= total;
  }

  card(first) {
    const node = make("button", "dm-task-card", "", { type: "button" });
    const title = make("span", "dm-task-title", "", { dir: "auto" });
    const foot = make("span", "dm-quiet dm-task-foot");
    const mark = make("span", "dm-mark");
    const [who, why, urgency, since] = ["dm-task-who", "", "", "dm-card-side"].map((name) => make("span", name));
    foot.append(mark, who, why, urgency, since);
    node.append(title, foot);
    node.addEventListener("click", () => this.open(first.task));
    let seen = "";
    const paint = (row) => {
      setText(title, `#${row.task} ${visible(row.title)}`);
      const waits = row.waits_for.length ? `after ${row.waits_for.map((task) => `#${task}`).join(", ")}` : "";
      setText(who, visible(row.agent));
      setText(why, row.state === "queued" ? visible(row.held_up) || waits : "");
      setText(urgency, `P${row.priority}`);
      setText(since, age(this.link.now() - row.since));
      if (seen === row.state) return;
      seen = row.state;
      const look = lookOf(TASK_STATES, row.state);
      mark.replaceChildren(icon(look.icon, look.tone));
      node.title = look.text;
    };
    return { node, paint };
  }
}

export class Board {
  /** @param {import("./link.js").Link} link @param {(task: number) => void} open @param {(a: any, b: any) => number} order */
  constructor(link, open, order) {
    this.link = link;
    this.order = order;
    this.node = make("div", "dm-board");
    this.columns = STAGES.map(([title, states]) => new Column(link, title, states, open));
    this.node.append(...this.columns.map((column) => column.node));
  }

  refresh() {
    if (this.node.hidden) return this.end();
    const { tasks, tally } = this.link.store.sections;
    if (tasks.places && tally) {
      const counts = new Map([...tally.rows.values()].map((row) => [row.state, row.count]));
      for (const column of this.columns) column.showPlaces(counts);
    } else {
      const rows = [...tasks.rows.values()].sort(this.order);
      for (const column of this.columns) column.showOf(rows);
    }
    return undefined;
  }

  end() {
    for (const column of this.columns) column.sight.end();
  }
}
