/** @file A panel, or several together: what anywidget loads. One link per model, one frame per repaint. */
import { AGENTS } from "./agents.js";
import { Banner } from "./banner.js";
import { box } from "./boxes.js";
import { Calm } from "./calm.js";
import { Command } from "./command.js";
import { Conflicts } from "./conflicts.js";
import { COSTS } from "./costs.js";
import { make } from "./elements.js";
import { EVENTS } from "./events.js";
import { EXTRAS } from "./extras.js";
import { Hardware } from "./hardware.js";
import { Header } from "./header.js";
import { Inbox } from "./inbox.js";
import { Knowledge } from "./knowledge.js";
import { Link } from "./link.js";
import { LOCKS, WAITS } from "./locks.js";
import { Table, setCount } from "./table.js";
import { TASKS } from "./tasks.js";
import { Tools } from "./tools.js";

const TICK = 1000;

/** Panel -> its title and the tables in it. */
const TABLES = {
  agents: ["Agents", [AGENTS]],
  tasks: ["Tasks", [TASKS]],
  locks: ["Locks", [LOCKS, WAITS]],
  events: ["Events", [EVENTS]],
  costs: ["Costs", [COSTS]],
};

/** Panels that are no tables. */
const OTHERS = { header: Header, inbox: Inbox, conflicts: Conflicts, command: Command, knowledge: Knowledge, tools: Tools };

class TablePanel {
  constructor(name, link) {
    const [title, specs] = TABLES[name];
    const { node, count, tools } = box(name, title);
    Object.assign(this, { link, node, count, tools });
    this.tables = specs.map((spec) => new Table(spec, link));
    this.note = make("p", "dm-note");
    this.second = specs.length > 1 ? make("div", "dm-subtitle", specs[1].label, { role: "heading", "aria-level": "4" }) : null;
    node.append(this.tables[0].node, ...(this.second ? [this.second, this.tables[1].node] : []), this.note);
    this.waited = new Calm();
    this.extra = Object.hasOwn(EXTRAS, name) ? new EXTRAS[name](this, link) : null;
  }

  end() {
    for (const table of this.tables) table.end();
    this.extra?.end();
  }

  refresh() {
    const sections = this.tables.map((table) => this.link.store.sections[table.spec.section]);
    setCount(this.count, sections[0].count);
    const { skipped } = sections[0];
    this.note.hidden = !skipped;
    if (skipped) this.note.textContent = `${skipped.toLocaleString("en")} skipped here, faster than a screen can show; all are in mesh.audit.`;
    if (this.second) this.second.hidden = this.tables[1].node.hidden = this.waited.of(Math.sign(sections[1].count)) === 0;
    for (const table of this.tables) table.refresh();
    this.extra?.refresh();
  }
}

class HardwarePanel extends Hardware {
  constructor(link) {
    super(link);
    const { node } = box("hardware", "Hardware");
    node.append(this.node);
    this.node = node;
  }
}

function panelOf(name, link, alone) {
  if (Object.hasOwn(OTHERS, name)) return new OTHERS[name](link, alone);
  return name === "hardware" ? new HardwarePanel(link) : new TablePanel(name, link);
}

/** Repaint at most once a frame, and each second for the ages; not at all while nobody can see it. */
function painter(parts) {
  let waiting = 0;
  const paintAll = () => {
    waiting = 0;
    for (const part of parts) part.refresh();
  };
  const soon = () => {
    waiting ||= requestAnimationFrame(paintAll);
  };
  const ticking = setInterval(soon, TICK);
  return { soon, paintAll, stop: () => (clearInterval(ticking), cancelAnimationFrame(waiting)) };
}

/** The keys of a notebook must not act on its cells while somebody types or moves about in a panel. */
function keepKeys(root) {
  root.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("keydown", (event) => event.stopPropagation());
}

function render(link, model, el) {
  const names = model.get("panels");
  const root = make("div", names.length > 1 ? "dm-root dm-many" : "dm-root");
  const layout = make("div", "dm-layout");
  const banner = new Banner(link);
  const parts = [banner, ...names.map((name) => panelOf(name, link, names.length === 1))];
  const [first, ...others] = parts.slice(1).map((part) => part.node);
  layout.append(...(names[0] === "header" ? [first, banner.node] : [banner.node, first]), ...others);
  root.append(layout);
  keepKeys(root);
  el.append(root);
  const paint = painter(parts);
  const hide = link.show(paint.soon);
  paint.paintAll();
  return () => {
    hide();
    paint.stop();
    for (const part of parts) part.end();
    root.remove();
  };
}

export default () => {
  /** @type {Link} */
  let link;
  return {
    initialize({ model }) {
      link = new Link(model);
      return () => link.end();
    },
    render({ model, el }) {
      return render(link, model, el);
    },
  };
};
