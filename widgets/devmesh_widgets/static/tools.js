/** @file The CLIs: which are here, which agents they run; connect, disconnect, look again, and how to get the others. */
import { Notice, box, choice, keyed, press } from "./boxes.js";
import { make, setText } from "./elements.js";
import { icon } from "./icons.js";
import { setCount } from "./table.js";
import { visible } from "./wording.js";

const DISCONNECT = { verb: "stop", label: "Disconnect" };

class ToolLine {
  constructor(tool, link, notice) {
    this.link = link;
    this.tool = tool;
    this.node = make("li", "dm-tool");
    this.running = make("span", "dm-tool-agents");
    const words = make("div", "dm-tool-words");
    words.append(make("strong", "", visible(tool.title)), make("span", "dm-quiet", visible(tool.installed ? tool.version : tool.note), { dir: "auto", title: visible(tool.path) }));
    this.node.append(icon(tool.installed ? "check" : "dash", tool.installed ? "good" : "quiet"), words, this.running);
    if (tool.installed) this.node.append(this.connect(notice));
    else this.node.append(make("code", "dm-get", visible(tool.install), { title: "How to get it" }));
  }

  connect(notice) {
    const many = choice([1, 2, 3, 4, 6, 8].map((number) => [String(number), `× ${number}`]), "1");
    many.setAttribute("aria-label", `How many agents of ${visible(this.tool.title)}`);
    const node = make("span", "dm-tool-connect");
    const go = press("Connect", async () => {
      go.disabled = true;
      await notice.follow(this.link.lookups.do("launch", { tool: this.tool.name, count: Number(many.value) }), `starting ${this.tool.name} …`);
      go.disabled = false;
    }, { hint: `Start agents of ${this.tool.title}` });
    node.append(many, go);
    return node;
  }

  refresh(agents) {
    const look = agents.map((row) => row.agent).join("\u0000");
    if (look === this.look) return;
    this.look = look;
    this.running.replaceChildren(...agents.map((row) => press(row.agent, () => this.link.ask({ noun: "agent", key: row.agent, name: row.agent }, DISCONNECT), { className: "dm-chip", shape: "cross", hint: `Disconnect ${row.agent}: its task is queued again` })));
  }
}

export class Tools {
  /** @param {import("./link.js").Link} link @param {boolean} alone */
  constructor(link, alone) {
    this.link = link;
    const { node, count, tools } = box("tools", "Tools");
    Object.assign(this, { node, count });
    this.notice = new Notice();
    this.again = press("Look again", () => this.read("again"), { className: "dm-quietly", shape: "retry", hint: "Look for CLIs on PATH once more" });
    tools.append(this.again);
    this.here = make("ul", "dm-tools");
    this.missing = make("details", "dm-fold");
    this.missing.append(make("summary", "", "Others, and how to get them"));
    this.others = make("ul", "dm-tools");
    this.missing.append(this.others);
    this.missing.hidden = true;
    this.empty = make("p", "dm-empty", "looking for tools …");
    this.node.append(this.here, this.empty, this.notice.node, this.missing);
    this.lines = new Map();
    this.absent = new Map();
    this.found = null;
  }

  async read(words = "") {
    this.reading = true;
    this.again.disabled = true;
    try {
      this.found = await this.link.lookups.look("tools", { words });
      for (const shown of [this.lines, this.absent]) shown.clear();
      this.here.replaceChildren();
      this.others.replaceChildren();
      if (words) this.notice.say(`${this.found.filter((tool) => tool.installed).length} are here`, true);
      this.unread = false;
    } catch (wrong) {
      this.unread = this.found === null;
      this.found ??= [];
      this.notice.say(wrong.message);
    }
    this.again.disabled = false;
    this.refresh();
  }

  refresh() {
    if (this.found === null) {
      if (!this.reading) this.read();
      return;
    }
    const agents = [...this.link.store.rows("agents").values()].filter((row) => row.state !== "gone");
    const here = this.found.filter((tool) => tool.installed);
    const missing = this.found.filter((tool) => !tool.installed);
    setCount(this.count, here.length);
    keyed(this.here, this.lines, here, (tool) => tool.name, (tool) => new ToolLine(tool, this.link, this.notice));
    keyed(this.others, this.absent, missing, (tool) => tool.name, (tool) => new ToolLine(tool, this.link, this.notice));
    for (const [name, line] of this.lines) line.refresh(agents.filter((row) => row.tool === name));
    this.missing.hidden = missing.length === 0;
    this.empty.hidden = here.length > 0 || this.unread;
    setText(this.empty, "No CLI is on this machine's PATH yet. Get one, then look again.");
  }

  end() {}
}
