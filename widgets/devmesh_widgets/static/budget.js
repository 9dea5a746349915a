/** @file What may be spent: the budget of the mesh, read and set. */
import { Notice, field, press } from "./boxes.js";
import { make } from "./elements.js";

export class BudgetForm {
  /** @param {import("./link.js").Link} link */
  constructor(link) {
    this.link = link;
    this.node = make("details", "dm-fold");
    this.notice = new Notice();
    this.dollars = make("input", "dm-input dm-small", "", { type: "number", min: "0", step: "0.5", placeholder: "no limit" });
    this.tokens = make("input", "dm-input", "", { type: "number", min: "0", step: "1000", placeholder: "no limit" });
    const form = make("form", "dm-options dm-below");
    form.append(field("Dollars", this.dollars), field("Tokens", this.tokens), press("Set", null, { type: "submit" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.set();
    });
    this.node.append(make("summary", "", "Budget of the mesh"), form, this.notice.node);
  }

  set() {
    const given = (input) => (input.value === "" ? null : Number(input.value));
    return this.notice.follow(this.link.lookups.do("budget", { budget: { dollars: given(this.dollars), tokens: given(this.tokens) } }));
  }

  /** Show what is in force, unless somebody is about to change it. */
  refresh() {
    const row = this.link.store.only("header");
    if (!row || this.node.contains(this.node.getRootNode().activeElement)) return;
    this.dollars.value = row.budget_dollars ?? "";
    this.tokens.value = row.budget_tokens ?? "";
  }
}
