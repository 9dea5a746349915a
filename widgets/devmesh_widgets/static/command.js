/** @file The command centre: ask for work, of one agent, several or all. */
import { Notice, box, choice, field, press, tick } from "./boxes.js";
import { make } from "./elements.js";
import { Mentions } from "./mentions.js";
import { TEMPLATES } from "./templates.js";
import { visible } from "./wording.js";

const PRIORITIES = [["1", "1, most urgent"], ["2", "2"], ["3", "3"], ["4", "4"], ["5", "5, least"]];
const NOBODY = "Nobody is here yet: it waits for the first agent.";

export class Command {
  /** @param {import("./link.js").Link} link */
  constructor(link) {
    this.link = link;
    const { node, tools } = box("command", "Ask for work");
    this.node = node;
    this.form = make("form", "dm-command");
    this.notice = new Notice();
    this.prompt = make("textarea", "dm-input dm-prompt", "", { rows: "2", maxlength: "400000", placeholder: "What is to be done? @ names an agent or a file; Ctrl+Enter posts it.", "aria-label": "What is to be done" });
    this.make();
    tools.append(this.templates(), this.recall());
    this.form.append(new Mentions(this.prompt, (begun) => this.offers(begun)).node, this.below(), this.notice.node);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.post();
    });
    this.prompt.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    this.prompt.addEventListener("input", () => this.grow());
    this.node.append(this.form);
  }

  /** The fields below the prompt. */
  make() {
    this.files = make("input", "dm-input", "", { type: "text", placeholder: "src/ tests/", spellcheck: "false" });
    this.check = make("input", "dm-input", "", { type: "text", maxlength: "500", placeholder: "pytest -q", spellcheck: "false" });
    this.to = make("input", "dm-input dm-small", "", { type: "text", value: "1", pattern: "[1-9][0-9]?|all", title: "How many agents do it, each on its own: a number, or all" });
    this.usd = make("input", "dm-input dm-small", "", { type: "number", min: "0", step: "0.5", placeholder: "none", title: "Dollars it may cost; it is paused before it costs more" });
    this.priority = choice(PRIORITIES, "3");
    this.priority.classList.add("dm-priority");
    this.review = tick("a second agent must approve it");
    this.options = make("div", "dm-options");
    const files = field("Where the work is", this.files, "dm-grow");
    files.append(new Mentions(this.files, (begun) => this.paths(begun), { always: true }).node);
    this.options.append(files, field("Check before it lands", this.check, "dm-grow"), field("Priority", this.priority), field("To agents", this.to), field("Budget, $", this.usd));
  }

  last() {
    const line = make("div", "dm-answers");
    const plan = press("Let the architect plan it", () => this.plan(), { hint: "The architect makes a framework of it: an overview and tasks for all" });
    line.append(press("Post", null, { type: "submit", className: "dm-press dm-first" }), plan, this.review.node);
    return line;
  }

  below() {
    const node = make("div", "dm-below");
    node.append(this.options, this.last());
    return node;
  }

  templates() {
    const names = choice([["", "Start from …"], ...TEMPLATES.map(([name], index) => [String(index), name])]);
    names.setAttribute("aria-label", "Start from a usual job");
    names.addEventListener("change", () => {
      if (names.value === "") return;
      const [, prompt, filled] = TEMPLATES[Number(names.value)];
      this.fill({ prompt, check: "", priority: "3", review: false, ...filled });
      names.value = "";
    });
    return names;
  }

  /** What was asked before, read when the list is opened. */
  recall() {
    const names = choice([["", "History"]]);
    names.setAttribute("aria-label", "Ask again for what was asked before");
    const read = async () => {
      this.past = await this.link.lookups.look("history").catch(() => []);
      const lines = this.past.map((task, index) => [String(index), `#${task.task} ${visible(task.prompt).slice(0, 60)}`]);
      names.replaceChildren(...choice([["", lines.length ? "History" : "Nothing asked yet"], ...lines]).children);
    };
    names.addEventListener("focus", read);
    names.addEventListener("change", () => {
      if (names.value === "") return;
      const task = this.past[Number(names.value)];
      this.fill({ ...task, priority: String(task.priority), files: task.files.join(" ") });
      names.value = "";
    });
    return names;
  }

  fill({ prompt, check, priority, review, files }) {
    this.prompt.value = prompt;
    this.check.value = check;
    this.priority.value = priority;
    this.review.input.checked = review;
    if (files !== undefined) this.files.value = files;
    this.prompt.focus();
    this.grow();
  }

  grow() {
    this.prompt.rows = Math.min(12, Math.max(2, this.prompt.value.split("\n").length));
  }

  // ---- what may be named ----

  agents() {
    return [...this.link.store.rows("agents").values()].filter((row) => row.state !== "gone");
  }

  async offers(begun) {
    const agents = this.agents().filter((row) => row.agent.startsWith(begun));
    const names = agents.map((row) => ({ word: row.agent, note: `${row.tool}, ${row.state}` }));
    return [...names, ...(begun ? await this.paths(begun) : [])];
  }

  async paths(begun) {
    const found = await this.link.lookups.look("paths", { words: begun });
    return found.map((path) => ({ word: path, note: path.endsWith("/") ? "folder" : "" }));
  }

  // ---- posting ----

  /** The form as the request it stands for. */
  fields() {
    const named = [...this.prompt.value.matchAll(/(?:^|\s)@([\w.:+/-]+)/g)].map(([, word]) => word.replace(/[.,:]$/, ""));
    const known = new Set(this.agents().flatMap((row) => [row.agent, row.tool]));
    const files = this.files.value.split(/[\s,]+/).filter(Boolean);
    const to = this.to.value.trim();
    const dollars = parseFloat(this.usd.value);
    return {
      prompt: this.prompt.value.trim(),
      files: [...new Set([...files, ...named.filter((word) => !known.has(word) && /[./]/.test(word))])],
      agents: [...new Set(named.filter((word) => known.has(word)))],
      priority: Number(this.priority.value),
      review: this.review.input.checked,
      check: this.check.value.trim(),
      copies: to === "all" ? Math.max(1, this.agents().length) : Number(to) || 1,
      ...(dollars >= 0 ? { budget: { dollars } } : {}),
    };
  }

  async post() {
    const fields = this.fields();
    if (!fields.prompt) {
      this.notice.say("Say what is to be done.");
      this.prompt.focus();
      return;
    }
    const alone = this.agents().length === 0;
    const posted = this.link.lookups.do("post", fields).then((said) => (alone ? `${said}. ${NOBODY}` : said));
    if (!(await this.notice.follow(posted, "posting …"))) return;
    this.prompt.value = "";
    this.grow();
  }

  /** Ask the architect for a framework instead of one task. */
  async plan() {
    const text = this.prompt.value.trim();
    if (!text) return this.notice.say("Say what the goal is.");
    if (await this.notice.follow(this.link.lookups.do("goal", { text }))) this.prompt.value = "";
    return this.grow();
  }

  end() {}

  refresh() {}
}
