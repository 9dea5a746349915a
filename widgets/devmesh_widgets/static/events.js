/** @file The table of events, newest first. */
import { eventLook } from "./states.js";
import { clockTime } from "./wording.js";

/** @type {import("./table.js").Spec} */
export const EVENTS = {
  section: "events",
  label: "Events",
  height: 9,
  newest: true,
  empty: ["Nothing has happened yet."],
  order: (a, b) => b.sequence - a.sequence,
  columns: [
    { label: "Time", least: 60, rank: 0, show: (row) => ({ text: clockTime(row.at), quiet: true, hint: `Fact ${row.sequence}` }) },
    { label: "Event", least: 152, rank: 0, show: (row) => eventLook(row.kind) },
    { label: "Agent", least: 86, rank: 1, show: (row) => ({ text: row.agent || "–", quiet: !row.agent }) },
    { label: "Task", least: 34, rank: 2, end: true, show: (row) => (row.task === null ? { text: "–", quiet: true } : { text: `#${row.task}`, quiet: true }) },
    { label: "What", least: 140, grow: 1, rank: 0, show: (row) => ({ text: row.text }) },
  ],
};
