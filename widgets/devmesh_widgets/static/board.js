/** @file Tasks as a board: a column for each stage of their life, a card for each task. */
import { keyed } from "./boxes.js";
import { make, setText } from "./elements.js";
import { icon } from "./icons.js";
import { TASK_STATES, lookOf } from "./states.js";
import { age, visible } from "./wording.js";

const MOST_CARDS = 25;

/** Title, and the states in it. @type {[string, string[]][]} */
const STAGES = [
  ["Waiting", ["queued", "paused", "abandoned"]],
  ["At work", ["claimed", "working"]],
  ["In review", ["review"]],
  ["Done", ["completed"]],
  ["Not done", ["failed", "cancelled"]],
];

export class Board {
  /** @param {import("./link.js").Link} link @param {(task: number) => void} open @param {(a: any, b: any) => number} order */
  constructor(link, open, order) {
    this.link = link;
    this.open = open;
    this.order = order;
    this.node = make("div", "dm-board");
    this.columns = STAGES.map(([title, states]) => {
      const node = make("section", "dm-column", "", { "aria-label": title });
      const count = make("span", "dm-count");
      const head = make("div", "dm-column-head", `${title} `);
      head.append(count);
      const list = make("div", "dm-column-cards");
      const more = make("p", "dm-note");
      node.append(head, list, more);
      this.node.append(node);
      return { states: new Set(states), count, list, more, cards: new Map() };
    });
  }

  refresh() {
    if (this.node.hidden) return;
    const rows = [...this.link.store.rows("tasks").values()].sort(this.order);
    for (const column of this.columns) {
      const own = rows.filter((row) => column.states.has(row.state));
      setText(column.count, own.length.toLocaleString("en"));
      keyed(column.list, column.cards, own.slice(0, MOST_CARDS), (row) => row.task, (row) => this.card(row));
      own.slice(0, MOST_CARDS).forEach((row) => column.cards.get(row.task).paint(row));
      column.more.hidden = own.length <= MOST_CARDS;
      setText(column.more, `and ${(own.length - MOST_CARDS).toLocaleString("en")} more`);
    }
  }

  card(first) {
    const node = make("button", "dm-task-card", "", { type: "button" });
    const title = make("span", "dm-task-title", "", { dir: "auto" });
    const foot = make("span", "dm-quiet dm-task-foot");
    const mark = make("span", "dm-mark");
    const words = make("span");
    foot.append(mark, words);
    node.append(title, foot);
    node.addEventListener("click", () => this.open(first.task));
    let seen = "";
    const paint = (row) => {
      setText(title, `#${row.task} ${visible(row.title)}`);
      const waits = row.waits_for.length ? `after ${row.waits_for.map((task) => `#${task}`).join(", ")}` : "";
      const why = row.state === "queued" ? visible(row.held_up) || waits : "";
      setText(words, [visible(row.agent), why, `P${row.priority}`, age(this.link.now() - row.since).replace(" ", "\u00a0")].filter(Boolean).join(" · "));
      if (seen === row.state) return;
      seen = row.state;
      const look = lookOf(TASK_STATES, row.state);
      mark.replaceChildren(icon(look.icon, look.tone));
      node.title = look.text;
    };
    return { node, paint };
  }
}
