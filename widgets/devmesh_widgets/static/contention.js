/** @file Where agents got into each other's way: the tree of the project, each path as warm as it was waited for. */
import { make } from "./elements.js";
import { counted, span, visible } from "./wording.js";

const LOOK_AGAIN = 3_000;

export class Contention {
  /** @param {import("./link.js").Link} link */
  constructor(link) {
    this.link = link;
    this.node = make("details", "dm-fold dm-contention");
    this.list = make("ul", "dm-heat", "", { "aria-label": "Waits by path" });
    this.empty = make("p", "dm-empty");
    this.node.append(make("summary", "", "Where they got into each other's way"), this.list, this.empty);
    this.node.addEventListener("toggle", () => this.node.open && this.read());
    this.readAt = -Infinity;
  }

  /** Read again from time to time, while it is open and somebody waits or has just done so. */
  refresh() {
    const { changes } = this.link.store.sections.waits;
    if (!this.node.open || changes === this.changes || performance.now() - this.readAt < LOOK_AGAIN) return;
    this.changes = changes;
    this.read();
  }

  async read() {
    this.readAt = performance.now();
    try {
      const found = await this.link.lookups.look("contention");
      const most = Math.max(...found.map((one) => one.seconds), 0.001);
      this.list.replaceChildren(...found.map((one) => this.line(one, most)));
      this.empty.textContent = found.length ? "" : "Nobody has had to wait for a lock so far.";
    } catch (wrong) {
      this.empty.textContent = visible(wrong.message);
    }
    this.empty.hidden = !this.empty.textContent;
  }

  line({ path, depth, waits, seconds }, most) {
    const heat = Math.sqrt(seconds / most);
    const node = make("li", "dm-heat-line", "", { title: `${visible(path)}: ${counted(waits, "wait")}, ${span(seconds)} together` });
    node.style.setProperty("--dm-heat", `${Math.round(heat * 38)}%`);
    const name = make("span", "dm-heat-name", visible(path.split("/").filter(Boolean).pop() + (path.endsWith("/") ? "/" : "")), { dir: "auto" });
    name.style.paddingInlineStart = `${depth * 14}px`;
    node.append(name, make("span", "dm-heat-words", `${counted(waits, "wait")} · ${span(seconds)}`));
    return node;
  }
}
