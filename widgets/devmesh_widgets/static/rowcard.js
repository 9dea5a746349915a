/** @file One row of a table, opened: every column with its words and hints, also those a narrow table has no room for. */
import { press } from "./boxes.js";
import { make, setText } from "./elements.js";
import { listed } from "./texts.js";
import { visible } from "./wording.js";

export class RowCard {
  /** @param {import("./table.js").Table} table @param {(row: any) => string} name */
  constructor(table, name) {
    Object.assign(this, { table, name });
    this.node = make("section", "dm-row-card", "", { tabindex: "-1" });
    this.node.hidden = true;
    this.title = make("strong", "", "", { dir: "auto" });
    this.body = make("div");
    const head = make("div", "dm-card-head");
    head.append(this.title, press("Close", () => this.close(), { className: "dm-quietly dm-card-side" }));
    this.node.append(head, this.body);
    this.node.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    table.opens((row) => this.open(row), "Enter or a click shows all of a row");
    table.node.append(this.node);
  }

  open(row) {
    this.row = row;
    this.key = row[this.table.section.fields[0]];
    this.look = "";
    this.node.hidden = false;
    this.refresh();
    this.node.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.node.hidden = true;
    this.table.grid.focus({ preventScroll: true });
  }

  refresh() {
    if (this.node.hidden) return;
    const row = this.table.section.rows.get(this.key);
    this.row = row ?? this.row;
    setText(this.title, `${visible(this.name(this.row))}${row ? "" : " (gone)"}`);
    this.node.setAttribute("aria-label", visible(this.name(this.row)));
    const pairs = this.table.spec.columns.map((column) => [column.label, worded(column.show(this.row, this.table.link))]);
    const look = JSON.stringify(pairs);
    if (look === this.look) return;
    this.look = look;
    this.body.replaceChildren(listed(pairs));
  }
}

/** A cell in words; its hint only where that says more. @param {import("./cells.js").Cell} cell */
function worded({ lead, text, hint }) {
  const words = `${lead ?? ""}${text}`;
  return !hint || hint === words ? words : text === "–" ? hint : `${words}\n${hint}`;
}
