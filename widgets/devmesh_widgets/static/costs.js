/** @file The table of what tasks spent. */
import { TASK_STATES, lookOf } from "./states.js";
import { dollars, tokens } from "./wording.js";

/** @type {import("./table.js").Spec} */
export const COSTS = {
  section: "costs",
  label: "Costs by task",
  height: 8,
  empty: ["Nothing was spent yet, or no tool said so."],
  order: (a, b) => b.dollars - a.dollars || b.tokens - a.tokens || a.task - b.task,
  columns: [
    { label: "#", least: 26, rank: 0, end: true, show: (row) => ({ text: row.task, quiet: true }) },
    { label: "Title", least: 140, grow: 3, rank: 0, show: (row) => ({ text: row.title }) },
    { label: "State", least: 90, rank: 2, show: (row) => lookOf(TASK_STATES, row.state) },
    { label: "Agent", least: 76, grow: 1, rank: 1, show: (row) => ({ text: row.agent || "–", quiet: !row.agent }) },
    { label: "Tokens", least: 56, rank: 0, end: true, show: (row) => ({ text: tokens(row.tokens), hint: `${row.tokens.toLocaleString("en")} tokens, read and written` }) },
    { label: "Cost", least: 56, rank: 0, end: true, show: (row) => ({ text: row.dollars ? dollars(row.dollars) : "–", hint: "As its tool says; a tool that names no price costs nothing here" }) },
  ],
};
