/** @file Events with a filter, a search and a way back: live ones from the rows, older ones from the record. */
import { Notice, choice, press } from "./boxes.js";
import { make } from "./elements.js";
import { EVENTS } from "./events.js";
import { Store } from "./store.js";
import { Table } from "./table.js";
import { codeBlock } from "./texts.js";

const TYPING = 300;
const FIELDS = ["sequence", "at", "kind", "agent", "task", "text"];

/** Glob over the kinds of facts -> what it is called. */
const GROUPS = [
  ["", "everything"],
  ["task_* bid* bidding_*", "tasks and bids"],
  ["change_* review_* check_* gate_*", "changes and reviews"],
  ["change_applied write_found", "file events"],
  ["lock_*", "locks"],
  ["agent_* session_* architect_*", "agents"],
  ["question_* answer_rule_*", "questions"],
  ["usage_* budget_* hardware_*", "costs and memory"],
  ["discovery_* framework_* goal_*", "knowledge and plans"],
  ["*refused* *failed* *lost* *expired* *abandoned* *returned* *exceeded* *stalled* write_found", "what went wrong"],
  ["output_reported", "raw output of the tools"],
];

export class EventLog {
  /** @param {import("./link.js").Link} link @param {Table} live @param {HTMLElement} tools */
  constructor(link, live, tools) {
    this.link = link;
    this.live = live;
    this.shelf = Object.assign(Object.create(link), { store: new Store({ events: FIELDS }) });
    this.found = new Table({ ...EVENTS, label: "Events found", calm: 0, newest: false, empty: ["No event fits."] }, this.shelf);
    this.found.node.hidden = true;
    this.group = choice(GROUPS);
    this.group.setAttribute("aria-label", "Which events");
    this.words = make("input", "dm-input dm-search", "", { type: "search", maxlength: "200", placeholder: "Search all events", "aria-label": "Search all events" });
    this.notice = new Notice();
    this.older = press("Older", () => this.read(true), { className: "dm-quietly", hint: "Page back through the record" });
    this.whole = make("div", "dm-whole");
    this.whole.hidden = true;
    tools.append(this.group, this.words);
    this.foot = make("div", "dm-answers dm-foot");
    this.newest = press("Back to now", () => this.read(), { className: "dm-quietly" });
    this.foot.append(this.older, this.newest, this.notice.node);
    this.parts = [this.found.node, this.foot, this.whole];
    this.group.addEventListener("change", () => this.read());
    this.words.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), TYPING);
    });
    for (const table of [live, this.found]) table.opens((row) => this.open(row), "Enter or a click shows a fact as it is on record");
  }

  /** Whether what is shown comes from the record. */
  get searching() {
    return !!(this.group.value || this.words.value.trim() || this.paging);
  }

  async read(older = false) {
    const goesOn = older && this.searching;
    this.paging = older;
    const searching = this.searching;
    this.live.node.hidden = searching;
    this.found.node.hidden = !searching;
    this.notice.say("");
    if (!searching) return this.live.refresh();
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const section = this.shelf.store.sections.events;
    const shown = goesOn ? section : this.link.store.sections.events;
    const before = older ? Math.min(...shown.rows.keys(), Infinity) : 0;
    try {
      const rows = await this.link.lookups.look("events", { key: this.group.value, words: this.words.value.trim(), before: Number.isFinite(before) ? before : 0 });
      if (turn !== this.turn) return undefined;
      if (!goesOn) section.rows.clear();
      section.apply({ rows: rows.map((row) => FIELDS.map((name) => row[name])) });
      this.notice.say(rows.length ? "" : older ? "That is where the record begins." : "", true);
      this.refresh();
      if (older) this.found.grid.scrollTop = this.found.grid.scrollHeight;
    } catch (wrong) {
      this.notice.say(wrong.message);
    }
    return undefined;
  }

  /** All of an event. */
  async open(row) {
    this.whole.hidden = false;
    const close = press("Close", () => (this.whole.hidden = true), { className: "dm-quietly" });
    const head = make("div", "dm-card-head");
    head.append(make("strong", "", `Fact ${row.sequence}: ${row.kind.replaceAll("_", " ")}`), close);
    let shown;
    try {
      shown = codeBlock((await this.link.lookups.look("fact", { key: row.sequence })).text, `Fact ${row.sequence}`);
    } catch (wrong) {
      shown = make("p", "dm-empty", wrong.message);
    }
    this.whole.replaceChildren(head, shown);
  }

  refresh() {
    if (this.searching) this.found.refresh();
    this.newest.hidden = !this.paging;
    this.older.hidden = this.link.store.sections.events.rows.size === 0 && !this.searching;
  }

  end() {
    clearTimeout(this.timer);
    this.found.end();
  }
}
