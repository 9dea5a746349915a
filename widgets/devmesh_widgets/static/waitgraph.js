/** @file Who waits for whom: a small graph, those who wait on the left, those they wait for on the right. */
import { Calm } from "./calm.js";
import { draw, make } from "./elements.js";
import { visible } from "./wording.js";

const MOST_EDGES = 14;
const LINE_HEIGHT = 26;
const GRAPH_WIDTH = 420;
const NAME_WIDTH = 120;

export class WaitGraph {
  /** @param {import("./link.js").Link} link */
  constructor(link) {
    this.link = link;
    this.node = make("div", "dm-graph");
    this.look = "";
    this.height = 0;
    this.room = new Calm();
  }

  refresh() {
    const edges = [...this.link.store.rows("waits").values()].flatMap((row) => row.behind.map((holder) => [row.agent, holder, row.targets.join(", ")]));
    const shown = edges.slice(0, MOST_EDGES);
    if (shown.length === 0) this.height = 0;
    const room = this.room.of(this.height);
    this.node.hidden = room === 0;
    this.node.style.minHeight = `${room}px`;
    const look = JSON.stringify(shown);
    if (look === this.look) return;
    this.look = look;
    this.node.replaceChildren(...(shown.length ? [this.picture(shown)] : []));
    this.height = this.node.firstChild?.getBoundingClientRect().height ?? 0;
    this.node.hidden = shown.length === 0 && room === 0;
  }

  picture(edges) {
    const left = [...new Set(edges.map(([waiter]) => waiter))];
    const right = [...new Set(edges.map(([, holder]) => holder))];
    const height = Math.max(left.length, right.length) * LINE_HEIGHT + 6;
    const said = edges.map(([waiter, holder, targets]) => `${waiter} waits for ${holder} (${targets})`).map(visible).join("; ");
    const svg = draw("svg", { viewBox: `0 0 ${GRAPH_WIDTH} ${height}`, role: "img", "aria-label": said, class: "dm-wait-graph" });
    const y = (list, name) => (list.indexOf(name) + 0.5) * (height / list.length);
    for (const [waiter, holder, targets] of edges) {
      const [from, to] = [y(left, waiter), y(right, holder)];
      const line = draw("path", { d: `M${NAME_WIDTH} ${from}C${GRAPH_WIDTH / 2} ${from} ${GRAPH_WIDTH / 2} ${to} ${GRAPH_WIDTH - NAME_WIDTH - 7} ${to}`, class: left.includes(holder) ? "dm-edge dm-edge-chain" : "dm-edge" });
      const hint = draw("title", {});
      hint.textContent = visible(`${waiter} waits for ${holder}: ${targets}`);
      line.append(hint);
      svg.append(line, draw("path", { d: `M${GRAPH_WIDTH - NAME_WIDTH - 8} ${to - 4}l7 4l-7 4z`, class: "dm-arrow" }));
    }
    left.forEach((name) => svg.append(...this.agent(name, 0, y(left, name), "dm-wait")));
    right.forEach((name) => svg.append(...this.agent(name, GRAPH_WIDTH - NAME_WIDTH, y(right, name), "dm-hold")));
    return svg;
  }

  agent(name, x, y, className) {
    const text = draw("text", { x: String(x + NAME_WIDTH / 2), y: String(y + 4), class: "dm-graph-name" });
    const shown = visible(name);
    text.textContent = shown.length > 17 ? `${shown.slice(0, 16)}…` : shown;
    return [draw("rect", { x: String(x + 1), y: String(y - 10), width: String(NAME_WIDTH - 2), height: "20", rx: "4", class: `dm-graph-box ${className}` }), text];
  }
}
