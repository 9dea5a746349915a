/** @file What some panels of tables have beside their rows: tasks open and have a board, locks a graph, events a search. */
import { press } from "./boxes.js";
import { Board } from "./board.js";
import { BudgetForm } from "./budget.js";
import { Contention } from "./contention.js";
import { Detail } from "./detail.js";
import { EventLog } from "./eventlog.js";
import { RowCard } from "./rowcard.js";
import { TASKS } from "./tasks.js";
import { WaitGraph } from "./waitgraph.js";

class TaskExtras {
  constructor({ tables: [table], node, tools }, link) {
    this.table = table;
    this.detail = new Detail(link, TASKS.actions, () => this.left());
    this.board = new Board(link, (task) => this.open(task), TASKS.order);
    this.board.node.hidden = true;
    this.list = press("List", () => this.show(false), { className: "dm-toggle" });
    this.cards = press("Board", () => this.show(true), { className: "dm-toggle" });
    tools.append(this.list, this.cards);
    node.append(this.board.node, this.detail.node);
    this.show(false);
    table.opens((row) => this.open(row.task), "Enter or a click opens a task");
  }

  open(task) {
    this.from = this.table.grid.getRootNode().activeElement;
    this.detail.open(task);
  }

  left() {
    if (this.from?.isConnected) this.from.focus({ preventScroll: true });
  }

  show(board) {
    this.board.node.hidden = !board;
    this.table.node.hidden = board;
    this.list.setAttribute("aria-pressed", String(!board));
    this.cards.setAttribute("aria-pressed", String(board));
    if (board) this.board.refresh();
    else this.table.resize();
  }

  refresh() {
    this.board.refresh();
    this.detail.refresh();
  }

  end() {
    this.board.end();
    this.detail.end();
  }
}

class AgentExtras {
  constructor({ tables: [table] }) {
    this.card = new RowCard(table, (row) => row.agent);
  }

  refresh() {
    this.card.refresh();
  }

  end() {}
}

class LockExtras {
  constructor({ tables: [held, waits], node }, link) {
    this.parts = [
      new RowCard(held, (row) => row.target),
      new RowCard(waits, (row) => row.targets.join(", ")),
      new WaitGraph(link),
      new Contention(link),
    ];
    node.append(...this.parts.slice(2).map((part) => part.node));
  }

  refresh() {
    for (const part of this.parts) part.refresh();
  }

  end() {}
}

class EventExtras {
  constructor({ tables: [table], node, tools, note }, link) {
    this.log = new EventLog(link, table, tools);
    node.insertBefore(this.log.parts[0], note);
    node.append(...this.log.parts.slice(1));
  }

  refresh() {
    this.log.refresh();
  }

  end() {
    this.log.end();
  }
}

class CostExtras {
  constructor({ node }, link) {
    this.form = new BudgetForm(link);
    node.append(this.form.node);
  }

  refresh() {
    this.form.refresh();
  }

  end() {}
}

export const EXTRAS = { agents: AgentExtras, costs: CostExtras, tasks: TaskExtras, locks: LockExtras, events: EventExtras };
