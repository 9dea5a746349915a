/** @file The bar on top: which mesh, how it is, how much is going on. */
import { make, setText } from "./elements.js";
import { icon } from "./icons.js";
import { HEALTH, lookOf } from "./states.js";
import { age, dollars, tokens, visible } from "./wording.js";

/** Groups of [label, what is counted, tone while it is not zero]. */
const COUNTS = [
  [["agents", (row) => row.agents, "quiet"], ["working", (row) => row.working, "quiet"]],
  [
    ["tasks", (row) => row.queued + row.running + row.completed + row.failed + row.cancelled, "quiet"],
    ["queued", (row) => row.queued, "quiet"],
    ["running", (row) => row.running, "quiet"],
    ["completed", (row) => row.completed, "quiet"],
    ["failed", (row) => row.failed, "bad"],
  ],
  [["locks", (row) => row.locks, "quiet"], ["waiting", (row) => row.waiting, "wait"]],
  [["questions", (row) => row.questions, "wait"], ["to decide", (row) => row.conflicts, "wait"]],
];

/** What was spent, and of how much. */
function spent(row) {
  const parts = [];
  if (row.dollars || row.budget_dollars !== null) parts.push(dollars(row.dollars) + (row.budget_dollars === null ? "" : ` of ${dollars(row.budget_dollars)}`));
  if (row.tokens || row.budget_tokens !== null) parts.push(`${tokens(row.tokens)}${row.budget_tokens === null ? "" : ` of ${tokens(row.budget_tokens)}`} tokens`);
  return parts.join(", ");
}

export class Header {
  /** @param {import("./link.js").Link} link */
  constructor(link) {
    this.link = link;
    this.node = make("section", "dm-header", "", { "aria-label": "Mesh" });
    this.name = make("span", "dm-project", "", { dir: "auto" });
    this.health = make("span", "dm-health");
    this.place = make("span", "dm-place");
    this.counts = make("ul", "dm-counts");
    const title = make("div", "dm-heading");
    title.append(make("span", "dm-brand", "DevMesh"), this.name, this.health, this.place);
    this.node.append(title, this.counts);
    this.figures = COUNTS.flatMap((group) => {
      const line = make("li");
      this.counts.append(line);
      return group.map(([label, count, tone]) => {
        const item = make("span");
        const number = make("b", "", "0");
        const noun = document.createTextNode(` ${label}`);
        item.append(number, noun);
        line.append(item);
        return { item, number, noun, label, count, tone };
      });
    });
  }

  end() {}

  refresh() {
    const row = this.link.store.only("header");
    if (!row) return;
    setText(this.name, visible(row.project).split("/").filter(Boolean).pop() ?? "");
    this.name.title = visible(row.project);
    this.showHealth(row);
    setText(this.place, [visible(row.url), `up ${age(this.link.now() - row.started)}`, row.epoch > 1 ? `start ${row.epoch}` : "", spent(row)].filter(Boolean).join(" · "));
    for (const { item, number, noun, label, count, tone } of this.figures) {
      const value = count(row);
      noun.data = ` ${value === 1 ? label.replace(/s$/, "") : label}`;
      setText(number, value.toLocaleString("en"));
      item.className = value ? `dm-some dm-count-${tone}` : "dm-none";
    }
  }

  showHealth(row) {
    const health = this.link.silence() ? "silent" : row.health;
    const look = lookOf(HEALTH, health);
    if (this.shown === health) return;
    this.shown = health;
    this.health.className = `dm-health dm-health-${health}`;
    this.health.replaceChildren(icon(look.icon, look.tone), make("span", "", look.text));
  }
}
