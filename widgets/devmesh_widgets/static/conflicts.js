/** @file What there are two versions of, side by side, with what can be decided about it. */
import { Notice, box, choice, keyed, press } from "./boxes.js";
import { Question } from "./buttons.js";
import { make, setText } from "./elements.js";
import { icon } from "./icons.js";
import { setCount } from "./table.js";
import { codeBlock, diffBlock } from "./texts.js";
import { age, counted, visible } from "./wording.js";

const APPROVE = { verb: "approve", label: "Approve" };
const SEND_BACK = { verb: "send_back", label: "Send back" };
const KEEP_OURS = { verb: "cancel", label: "Keep the project's", question: "Keep what is in the project, and end the task:", confirm: "Keep the project's" };
const MOST_TOLD = 6_000;

/** @type {Record<string, [string, string, string]>} */
const SORTS = {
  review: ["eye", "busy", "waits for approval"],
  returned: ["merge", "wait", "could not be merged; its agent tries again"],
  write: ["alert", "bad", "written without the gate and without a lock"],
};

/** The versions in the order they are shown, and what each is. */
const VERSIONS = [
  ["base", "Base: what both began with"],
  ["ours", "Project: what is there"],
  ["theirs", "Agent: what it made of it"],
];
const OF_A_WRITE = { ours: "Before the write", theirs: "After the write" };

class ConflictCard {
  constructor(row, link) {
    this.link = link;
    this.row = row;
    const [shape, tone, stands] = SORTS[row.sort] ?? SORTS.review;
    const says = row.copies > 1 && row.sort === "review" ? `one of ${row.copies} copies: approve one` : stands;
    this.node = make("article", "dm-card dm-conflict", "", { "aria-label": `${row.conflict}: ${visible(row.title)}` });
    const head = make("div", "dm-card-head");
    this.since = make("span", "dm-quiet dm-card-side");
    const whose = [row.agent, row.task === null ? "" : `task #${row.task}`].filter(Boolean).map(visible).join(" · ");
    head.append(icon(shape, tone), make("strong", "", visible(row.conflict)), make("span", "", visible(row.title), { dir: "auto" }), make("span", "dm-quiet", [whose, says].filter(Boolean).join(" · ")), this.since);
    this.notice = new Notice();
    this.question = new Question(link);
    this.body = make("div", "dm-versions");
    this.body.hidden = true;
    this.opener = press("Compare", () => this.toggle(), { hint: `Show the versions of ${row.conflict}` });
    this.opener.setAttribute("aria-expanded", "false");
    const about = make("p", "dm-said", "", { dir: "auto" });
    about.append(make("span", "dm-quiet dm-paths", row.files.map(visible).join(", "), { dir: "auto" }), ...(row.message ? [make("span", "", visible(row.message), { dir: "auto" })] : []));
    this.node.append(head, about, this.decisions(), this.question.node, this.notice.node, this.body);
  }

  decisions() {
    const form = make("form", "dm-answers");
    form.append(this.opener);
    form.addEventListener("submit", (event) => event.preventDefault());
    if (this.row.sort === "returned" && this.row.task !== null) form.append(this.keepsOurs());
    if (this.row.sort === "write") form.append(...this.ofWrite());
    if (this.row.sort !== "review") return form;
    const remarks = make("input", "dm-input", "", { type: "text", maxlength: "500", placeholder: "Remarks for the agent", "aria-label": `Remarks on ${this.row.conflict}` });
    const judge = (action) => this.link.ask({ noun: "conflict", key: this.row.conflict, name: this.row.conflict }, action, remarks.value.trim());
    const back = press("Send back", () => (remarks.value.trim() ? judge(SEND_BACK) : (this.notice.say("Say in the remarks what is wanted."), remarks.focus())));
    form.append(press("Approve", () => judge(APPROVE), { className: "dm-press dm-first" }), remarks, back);
    return form;
  }

  /** Of a change that came back: its agent tries again, unless the project's version is to stay. */
  keepsOurs() {
    const row = { noun: "task", key: this.row.task, name: `#${this.row.task} ${this.row.title}` };
    const node = press(KEEP_OURS.label, () => this.question.ask(row, KEEP_OURS, node), { hint: "The agent's version is dropped and its task ended" });
    return node;
  }

  /** Of a write that is in the project already: let it stand, or have an agent undo it. */
  ofWrite() {
    const { lookups } = this.link;
    const keep = () => this.notice.follow(lookups.do("keep", { write: Number(this.row.conflict.split(" ")[1]) }));
    const undo = async () => {
      const { files: [file] } = await lookups.look("conflict", { key: this.row.conflict });
      const prompt = `${file.path} was written without a lock and without the gate. Undo what that write did, and keep all else:\n\n${file.diff.slice(0, MOST_TOLD)}`;
      return lookups.do("post", { prompt, files: [file.path], priority: 2 });
    };
    return [press("Keep it", keep, { hint: "Let it stand: it is listed here no more" }), press("Have it undone", () => this.notice.follow(undo()), { hint: "Post a task that undoes what was written" })];
  }

  async toggle() {
    this.body.hidden = !this.body.hidden;
    this.opener.setAttribute("aria-expanded", String(!this.body.hidden));
    if (this.body.hidden || this.loaded) return;
    this.notice.say("reading …", true);
    try {
      const found = await this.link.lookups.look("conflict", { key: this.row.conflict });
      this.loaded = true;
      this.notice.say("");
      this.body.replaceChildren(...found.files.map((file) => this.file(file)));
    } catch (wrong) {
      this.notice.say(wrong.message);
    }
  }

  /** One file: its diff, or its versions side by side. */
  file(file) {
    const node = make("section", "dm-file", "", { "aria-label": visible(file.path) });
    const views = choice([["diff", "What changes"], ["side", "Side by side"]], "diff");
    views.setAttribute("aria-label", `How ${visible(file.path)} is shown`);
    const shown = make("div");
    const show = () => shown.replaceChildren(views.value === "diff" ? diffBlock(file.diff || "no difference", `Diff of ${visible(file.path)}`) : this.sides(file));
    views.addEventListener("change", show);
    const head = make("div", "dm-card-head");
    head.append(make("strong", "", visible(file.path), { dir: "auto" }), ...(file.reason ? [make("span", "dm-quiet", visible(file.reason))] : []), views);
    node.append(head, shown);
    show();
    return node;
  }

  sides(file) {
    const node = make("div", "dm-sides");
    const names = this.row.sort === "write" ? OF_A_WRITE : {};
    for (const [version, title] of VERSIONS) {
      if (file[version] === null && (version !== "theirs")) continue;
      const side = make("div", "dm-side");
      const label = names[version] ?? title;
      side.append(make("div", "dm-quiet", label), file[version] === null ? make("p", "dm-empty", "There is no such file.") : codeBlock(file[version], `${label}, ${visible(file.path)}`));
      node.append(side);
    }
    return node;
  }

  refresh() {
    setText(this.since, age(this.link.now() - this.row.since));
    const pending = this.link.pendingOf("conflict", this.row.conflict);
    if (pending) this.notice.say(pending.refused || "sent …", !pending.refused);
  }
}

export class Conflicts {
  /** @param {import("./link.js").Link} link @param {boolean} alone */
  constructor(link, alone) {
    this.link = link;
    this.alone = alone;
    const { node, count } = box("conflicts", "To decide");
    Object.assign(this, { node, count });
    this.list = make("div", "dm-cards");
    this.empty = make("p", "dm-empty", "Nothing to decide: no change waits for you, none conflicts, and nothing was written behind the gate.");
    this.more = make("p", "dm-note");
    this.node.append(this.list, this.empty, this.more);
    this.cards = new Map();
  }

  end() {}

  refresh() {
    const rows = [...this.link.store.rows("conflicts").values()];
    this.node.hidden = !this.alone && rows.length === 0;
    setCount(this.count, rows.length);
    this.empty.hidden = rows.length > 0;
    keyed(this.list, this.cards, rows.slice(0, 30), (row) => row.conflict, (row) => new ConflictCard(row, this.link));
    for (const card of this.cards.values()) card.refresh();
    this.more.hidden = rows.length <= 30;
    setText(this.more, `and ${counted(rows.length - 30, "other")}: mesh.conflicts`);
  }
}
