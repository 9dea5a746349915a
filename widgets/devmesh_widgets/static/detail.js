/** @file One task, opened: its prompt, output, diff, check and review, bids and facts, and what can be done with it. */
import { Notice, choice, press } from "./boxes.js";
import { make, setText } from "./elements.js";
import { icon } from "./icons.js";
import { TASK_STATES, lookOf } from "./states.js";
import { codeBlock, diffBlock, listed } from "./texts.js";
import { age, clockTime, dollars, span, tokens, visible } from "./wording.js";

const LIVE_EVERY = 1_500;
const STREAMS = [["", "all of it"], ["stdout", "stdout"], ["stderr", "stderr"], ["note", "notes"]];
const JUDGED = { approve: "Approve", changes_wanted: "Send back" };

/** A small table of texts. @param {string[]} heads @param {any[][]} rows */
function grid(heads, rows, label) {
  const table = make("table", "dm-plain", "", { "aria-label": label });
  const head = make("tr");
  head.append(...heads.map((text) => make("th", "", text, { scope: "col" })));
  table.append(head);
  for (const row of rows) {
    const line = make("tr");
    line.append(...row.map((text) => make("td", "", visible(text), { dir: "auto" })));
    table.append(line);
  }
  return table;
}

/** The leaves: name, what is looked up, and how it is shown. */
const LEAVES = [
  ["Prompt", "task", (detail, found) => [
    codeBlock(found.prompt, "Prompt"),
    listed([["Files", found.files.join(", ")], ["After", found.depends_on.map((task) => `#${task}`).join(", ")], ["Only", found.agents.join(", ")], ["Able to", found.capabilities.join(", ")], ["Budget", found.budget], ["Posted by", found.posted_by], ["Result", found.summary]]),
  ]],
  ["Output", "output", (detail, found) => [detail.streams(), found.text ? codeBlock(found.text, "Output") : make("p", "dm-empty", "Nothing was said yet.")]],
  ["Diff", "diff", (detail, found) => (found.text ? [detail.judging(found), diffBlock(found.text)] : [make("p", "dm-empty", "It has offered no change yet.")])],
  ["Check and review", "verdicts", (detail, found) => (found.length ? found.map((one) => detail.verdict(one)) : [make("p", "dm-empty", "Neither a check nor a review so far.")])],
  ["Bids", "bids", (detail, found) => [found.length ? grid(["Attempt", "Agent", "Fitness", "Said"], found.map((bid) => [bid.attempt, bid.agent + (bid.won ? " (won)" : ""), bid.fitness ?? "declined", bid.reason]), "Bids") : make("p", "dm-empty", "Nobody has bid yet.")]],
  ["Facts", "facts", (detail, found) => [grid(["Time", "Fact", "Agent", "What"], found.map((fact) => [clockTime(fact.at), fact.kind.replaceAll("_", " "), fact.agent, fact.text]), "Facts")]],
];

export class Detail {
  /** @param {import("./link.js").Link} link @param {(row: any) => any[]} actions @param {() => void} closed */
  constructor(link, actions, closed) {
    this.link = link;
    this.actions = actions;
    this.node = make("section", "dm-detail", "", { tabindex: "-1" });
    this.node.hidden = true;
    this.title = make("strong", "dm-detail-title", "", { dir: "auto" });
    this.state = make("span", "dm-health");
    this.meta = make("span", "dm-quiet");
    const close = press("Close", () => this.close(), { className: "dm-quietly dm-card-side" });
    this.closed = closed;
    const head = make("div", "dm-card-head");
    head.append(this.state, this.title, this.meta, close);
    this.bar = make("div", "dm-answers");
    this.tabs = make("div", "dm-tabs", "", { role: "tablist", "aria-label": "About this task" });
    this.body = make("div", "dm-leaf", "", { role: "tabpanel", tabindex: "-1" });
    this.notice = new Notice();
    this.node.append(head, this.bar, this.notice.node, this.tabs, this.body);
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
    this.buttons = LEAVES.map(([name], index) => this.tab(name, index));
    this.stream = "";
  }

  tab(name, index) {
    const button = make("button", "dm-tab", name, { type: "button", role: "tab" });
    button.addEventListener("click", () => this.turnTo(index));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) this.turnTo((index + step + LEAVES.length) % LEAVES.length, true);
    });
    this.tabs.append(button);
    return button;
  }

  /** @param {number} task */
  open(task) {
    this.task = task;
    this.leaf = -1;
    this.look = "";
    this.node.hidden = false;
    this.notice.say("");
    this.refresh();
    const state = this.row()?.state;
    this.turnTo(state === "review" ? 2 : state === "working" ? 1 : 0);
    this.node.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.node.hidden = true;
    this.task = null;
    clearTimeout(this.timer);
    this.closed();
  }

  row() {
    this.known = this.link.store.rows("tasks").get(this.task) ?? (this.known?.task === this.task ? this.known : undefined);
    return this.known;
  }

  turnTo(index, focus = false) {
    this.leaf = index;
    this.buttons.forEach((button, at) => {
      button.setAttribute("aria-selected", String(at === index));
      button.tabIndex = at === index ? 0 : -1;
    });
    if (focus) this.buttons[index].focus();
    this.body.setAttribute("aria-label", LEAVES[index][0]);
    this.body.replaceChildren(make("p", "dm-empty", "reading …"));
    this.before = "";
    this.read();
  }

  /** Read this leaf again; while its tool runs, every now and then. */
  async read() {
    clearTimeout(this.timer);
    const [, what, show] = LEAVES[this.leaf];
    const { task, leaf } = this;
    let parts;
    try {
      const found = await this.link.lookups.look(what, { key: task, words: this.stream });
      const look = JSON.stringify(found);
      parts = look === this.before ? null : show(this, found);
      this.before = look;
    } catch (wrong) {
      parts = [make("p", "dm-empty", visible(wrong.message))];
    }
    if (task !== this.task || leaf !== this.leaf || this.node.hidden) return;
    if (parts) this.paint(parts);
    if (["claimed", "working", "review"].includes(this.row()?.state)) this.timer = setTimeout(() => this.read(), LIVE_EVERY);
  }

  /** Put it there; who had read to the end stays at the end. */
  paint(parts) {
    const old = this.body.querySelector(".dm-code");
    const end = !old || old.scrollTop + old.clientHeight >= old.scrollHeight - 8;
    const top = old?.scrollTop ?? 0;
    this.body.replaceChildren(...parts);
    const now = this.body.querySelector(".dm-code");
    if (now && LEAVES[this.leaf][1] === "output") now.scrollTop = end ? now.scrollHeight : top;
  }

  streams() {
    const which = choice(STREAMS, this.stream);
    which.setAttribute("aria-label", "Which of its output");
    which.addEventListener("change", () => {
      this.stream = which.value;
      this.before = "";
      this.read();
    });
    return which;
  }

  /** Approve or send back, for a change that waits for it. */
  judging(found) {
    const line = make("div", "dm-answers");
    line.append(make("span", "dm-quiet", `Change ${found.change}: ${visible(found.state)}`));
    if (!found.judged) return line;
    const remarks = make("input", "dm-input", "", { type: "text", maxlength: "20000", placeholder: "Remarks for the agent", "aria-label": "Remarks" });
    const judge = (verdict) => {
      if (verdict === "changes_wanted" && !remarks.value.trim()) return this.notice.say("Say in the remarks what is wanted.");
      return this.notice.follow(this.link.lookups.do("judge", { change: found.change, verdict, remarks: remarks.value.trim() }));
    };
    line.append(...Object.entries(JUDGED).map(([verdict, word]) => press(word, () => judge(verdict), { className: verdict === "approve" ? "dm-press dm-first" : "dm-press" })), remarks);
    return line;
  }

  verdict(one) {
    const node = make("div", "dm-card");
    const head = make("div", "dm-card-head");
    head.append(icon(one.good ? "check" : "cross", one.good ? "good" : "bad"), make("strong", "", visible(one.title), { dir: "auto" }), make("span", "dm-quiet", visible(one.note)));
    node.append(head);
    if (one.text) node.append(codeBlock(one.text, one.title));
    return node;
  }

  refresh() {
    const row = this.task ? this.row() : null;
    if (this.node.hidden || !row) return;
    const look = lookOf(TASK_STATES, row.state);
    const after = row.began === null ? "" : span(row.since - row.began);
    const meta = [row.agent && visible(row.agent), row.attempt > 1 ? `attempt ${row.attempt}` : "", row.tokens ? `${tokens(row.tokens)} tokens` : "", row.dollars ? dollars(row.dollars) : "", after && row.state === "completed" ? `took ${after}` : `for ${age(this.link.now() - row.since)}`];
    setText(this.title, `#${row.task} ${visible(row.title)}`);
    setText(this.meta, meta.filter(Boolean).join(" · "));
    this.node.setAttribute("aria-label", `Task ${row.task}`);
    const seen = [row.task, row.state, row.priority, row.held_up, row.change, row.judged].join("\u0000");
    if (seen === this.look) return this.tellPending();
    const changed = this.look !== "";
    this.look = seen;
    this.state.replaceChildren(icon(look.icon, look.tone), make("span", "", row.held_up && row.state === "queued" ? `${look.text}: ${visible(row.held_up)}` : look.text));
    this.paintBar(row);
    if (changed && this.leaf >= 0) this.read();
  }

  paintBar(row) {
    const ask = (action) => press(action.label, () => this.link.ask({ noun: "task", key: row.task, name: `#${row.task}` }, action), { shape: action.icon });
    const priority = choice([1, 2, 3, 4, 5].map((number) => [String(number), `priority ${number}`]), String(row.priority));
    priority.setAttribute("aria-label", "Priority: 1 is the most urgent");
    priority.addEventListener("change", () => this.notice.follow(this.link.lookups.do("prioritise", { task: row.task, priority: Number(priority.value) })));
    const open = !["completed", "failed", "cancelled"].includes(row.state);
    this.bar.replaceChildren(...this.actions(row).map(ask), ...(open ? [priority] : []));
  }

  tellPending() {
    const pending = this.link.pendingOf("task", this.task);
    if (pending?.refused) this.notice.say(pending.refused);
  }

  end() {
    clearTimeout(this.timer);
  }
}
