/** @file The inbox: a card for each open question, with its answers as buttons; and the rules that answer by themselves. */
import { Notice, box, keyed, press, tick } from "./boxes.js";
import { make, setText } from "./elements.js";
import { icon } from "./icons.js";
import { setCount } from "./table.js";
import { age, visible, visibleLines } from "./wording.js";

const WANTS = { question: ["person", "busy", "wants to know"], permission: ["shield", "wait", "asks for leave"] };
const DROP = { verb: "drop", label: "Drop rule" };

class QuestionCard {
  constructor(row, link) {
    this.link = link;
    this.row = row;
    const [shape, tone, wants] = WANTS[row.kind] ?? WANTS.question;
    this.node = make("article", "dm-card dm-question", "", { "aria-label": `Question ${row.question} of ${visible(row.agent)}` });
    const head = make("div", "dm-card-head");
    this.left = make("span", "dm-quiet dm-card-side");
    head.append(icon(shape, tone), make("strong", "", visible(row.agent), { dir: "auto" }), make("span", "dm-quiet", wants + (row.task === null ? "" : ` · task #${row.task}`)), this.left);
    this.text = make("p", "dm-said", visibleLines(row.text), { dir: "auto" });
    this.notice = new Notice();
    this.node.append(head, this.text, ...(row.long ? [this.whole()] : []), this.answers(), this.notice.node);
  }

  whole() {
    const more = press("Show all of it", () => this.notice.follow(this.link.lookups.look("question", { key: this.row.question }).then((found) => {
      setText(this.text, visibleLines(found.text));
      more.remove();
      return " ";
    })), { className: "dm-quietly" });
    return more;
  }

  answers() {
    const form = make("form", "dm-answers");
    const always = tick("always answer this so");
    const give = (answer) => this.give(answer, always.input.checked);
    if (this.row.options.length) {
      const look = (option) => ({ className: option === this.row.default ? "dm-press dm-first" : "dm-press", hint: option === this.row.default ? "This counts when nobody answers in time" : "" });
      form.append(...this.row.options.map((option) => press(option, () => give(option), look(option))));
    } else {
      const input = make("input", "dm-input", "", { type: "text", maxlength: "20000", "aria-label": `Answer to question ${this.row.question}`, placeholder: visible(this.row.default) || "Your answer" });
      form.append(input, press("Answer", null, { type: "submit", className: "dm-press dm-first" }));
      form.addEventListener("submit", () => give(input.value.trim() || this.row.default));
    }
    form.addEventListener("submit", (event) => event.preventDefault());
    form.append(always.node);
    return form;
  }

  async give(answer, always) {
    const { question, text, kind } = this.row;
    if (always && !(await this.notice.follow(this.link.lookups.do("rule", { pattern: globOf(text), answer, question_kind: kind })))) return;
    if (!always) await this.notice.follow(this.link.lookups.do("answer", { question, answer }));
  }

  refresh() {
    const { until, asked } = this.row;
    const now = this.link.now();
    setText(this.left, until === null ? age(now - asked) : `${this.row.default ? `“${visible(this.row.default)}”` : "unanswered"} in ${age(until - now)}`);
  }
}

/** A glob that matches this very text. @param {string} text */
function globOf(text) {
  return text.slice(0, 400).replace(/[[\]*?]/g, "?") + (text.length > 400 ? "*" : "");
}

export class Inbox {
  /** @param {import("./link.js").Link} link @param {boolean} alone */
  constructor(link, alone) {
    this.link = link;
    this.alone = alone;
    const { node, count } = box("inbox", "Inbox");
    Object.assign(this, { node, count });
    this.list = make("div", "dm-cards");
    this.empty = make("p", "dm-empty", "Nobody asks anything. What a tool wants to know, or to be allowed, comes here.");
    this.rules = make("details", "dm-fold");
    this.rulesTitle = make("summary", "");
    this.ruleList = make("ul", "dm-rules");
    this.rules.append(this.rulesTitle, this.ruleList);
    this.node.append(this.list, this.empty, this.rules);
    this.cards = new Map();
    this.lines = new Map();
  }

  end() {}

  refresh() {
    const rows = [...this.link.store.rows("inbox").values()];
    const rules = [...this.link.store.rows("rules").values()];
    this.node.hidden = !this.alone && rows.length === 0 && rules.length === 0;
    setCount(this.count, rows.length);
    this.node.classList.toggle("dm-calls", rows.length > 0);
    this.empty.hidden = rows.length > 0;
    keyed(this.list, this.cards, rows, (row) => row.question, (row) => new QuestionCard(row, this.link));
    for (const card of this.cards.values()) card.refresh();
    this.rules.hidden = rules.length === 0;
    setText(this.rulesTitle, `${rules.length} answered by rule`);
    keyed(this.ruleList, this.lines, rules, (row) => row.rule, (row) => this.line(row));
  }

  line(row) {
    const node = make("li", "dm-rule");
    const drop = press("Drop", () => this.link.ask({ noun: "rule", key: row.rule, name: `rule ${row.rule}` }, DROP), { className: "dm-quietly", hint: `Answer by rule ${row.rule} no more` });
    node.append(make("code", "", visible(row.pattern), { dir: "auto" }), make("span", "", `→ ${visible(row.answer)}${row.kind ? ` (${row.kind}s only)` : ""}`, { dir: "auto" }), drop);
    return { node };
  }
}
