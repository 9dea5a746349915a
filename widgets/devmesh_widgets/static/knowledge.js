/** @file What was found out: searched, read with its source, and shared. Quoted text, never markup. */
import { Notice, box, field, press } from "./boxes.js";
import { make, setText } from "./elements.js";
import { setCount } from "./table.js";
import { codeBlock } from "./texts.js";
import { visible } from "./wording.js";

const SEARCH_AFTER = 300;

export class Knowledge {
  /** @param {import("./link.js").Link} link @param {boolean} alone */
  constructor(link, alone) {
    this.link = link;
    const { node, count, tools } = box("knowledge", "Knowledge");
    Object.assign(this, { node, count });
    this.words = make("input", "dm-input dm-search", "", { type: "search", maxlength: "500", placeholder: "Search", "aria-label": "Search what was found out" });
    this.list = make("div", "dm-cards");
    this.empty = make("p", "dm-empty", "Nothing was shared yet. Agents leave here what they find out, and so can you.");
    this.notice = new Notice();
    tools.append(this.words);
    this.node.append(this.list, this.empty, this.sharing(), this.notice.node);
    this.words.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), SEARCH_AFTER);
    });
  }

  sharing() {
    const node = make("details", "dm-fold");
    const form = make("form", "dm-command");
    const title = make("input", "dm-input", "", { type: "text", maxlength: "500", required: "" });
    const text = make("textarea", "dm-input dm-prompt", "", { rows: "3", maxlength: "65536", required: "" });
    form.append(field("Title", title), field("What was found out", text), press("Share", null, { type: "submit", className: "dm-press dm-first" }));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!(await this.notice.follow(this.link.lookups.do("share", { title: title.value.trim(), text: text.value })))) return;
      form.reset();
      node.open = false;
      this.read();
    });
    node.append(make("summary", "", "Share something"), form);
    return node;
  }

  async read() {
    this.reading = true;
    const words = this.words.value.trim();
    try {
      const { total, found } = await this.link.lookups.look("knowledge", { words });
      if (words !== this.words.value.trim()) return;
      this.total = total;
      setCount(this.count, total);
      this.list.replaceChildren(...found.map((one) => this.item(one)));
      this.empty.hidden = found.length > 0;
      setText(this.empty, words ? "Nothing that was shared has these words." : "Nothing was shared yet. Agents leave here what they find out, and so can you.");
    } catch (wrong) {
      this.empty.hidden = true;
      this.notice.say(wrong.message);
    } finally {
      this.reading = false;
    }
  }

  item(one) {
    const node = make("details", "dm-card dm-finding");
    const head = make("summary", "dm-card-head");
    const source = [one.agent, one.task === null ? "" : `task #${one.task}`, `no. ${one.discovery}`].filter(Boolean);
    head.append(make("strong", "", visible(one.title), { dir: "auto" }), make("span", "dm-quiet", source.map(visible).join(" · ")));
    node.append(head, codeBlock(one.text, `What ${visible(one.agent)} found out`));
    return node;
  }

  /** Read anew when somebody shared something: the events tell. */
  refresh() {
    const heard = this.link.store.only("header")?.discoveries ?? 0;
    if (this.reading || heard === this.heard) return;
    this.heard = heard;
    this.read();
  }

  end() {
    clearTimeout(this.timer);
  }
}
