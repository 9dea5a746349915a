/** @file The tables of locks: those held, and those waited for. */
import { pathCell } from "./cells.js";
import { LOCK_MODES, lookOf } from "./states.js";
import { age } from "./wording.js";

const RELEASE = { verb: "release", icon: "unlock", label: "Take away the lock on", question: "Take this lock away from its holder:", reason: true, confirm: "Take it away" };

/** @type {import("./table.js").Column["show"]} */
const taskCell = (row) => (row.task === null ? { text: "–", quiet: true } : { text: `#${row.task}`, quiet: true });

function targetsCell(row) {
  const cell = pathCell(row.targets[0] ?? "");
  const more = row.targets.length - 1;
  return more > 0 ? { ...cell, text: `${cell.text} +${more}`, hint: row.targets.join("\n") } : cell;
}

/** @type {import("./table.js").Spec} */
export const LOCKS = {
  section: "locks",
  label: "Locks held",
  noun: "lock",
  name: (row) => row.target,
  height: 8,
  room: 28,
  empty: ["Nothing is locked. Agents take locks as they work."],
  order: (a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : a.token - b.token),
  columns: [
    { label: "Mode", least: 80, rank: 0, show: (row) => lookOf(LOCK_MODES, row.mode) },
    { label: "Target", least: 120, grow: 2.4, rank: 0, show: (row) => pathCell(row.target) },
    { label: "Agent", least: 70, grow: 1, rank: 1, show: (row) => ({ text: row.agent }) },
    { label: "Task", least: 34, rank: 4, end: true, show: taskCell },
    { label: "Held", least: 44, rank: 2, end: true, show: (row, link) => ({ text: age(link.now() - row.since), quiet: true, hint: `Held for ${age(link.now() - row.since)}` }) },
    { label: "Lease", least: 44, rank: 3, end: true, show: (row, link) => ({ text: age(row.until - link.now()), quiet: true, hint: `Ends in ${age(row.until - link.now())} unless renewed` }) },
    { label: "Token", least: 48, rank: 5, end: true, show: (row) => ({ text: row.token, quiet: true, hint: "Fencing token" }) },
  ],
  actions: () => [RELEASE],
};

/** @type {import("./table.js").Spec} */
export const WAITS = {
  section: "waits",
  label: "Waiting for locks",
  height: 4,
  empty: ["Nobody waits."],
  order: (a, b) => a.since - b.since || a.ticket - b.ticket,
  columns: [
    { label: "Mode", least: 80, rank: 0, show: (row) => lookOf(LOCK_MODES, row.mode) },
    { label: "Target", least: 80, grow: 2.4, rank: 0, show: targetsCell },
    { label: "Agent", least: 70, grow: 1, rank: 1, show: (row) => ({ text: row.agent }) },
    { label: "Behind", least: 62, grow: 1, rank: 1, show: (row) => ({ text: row.behind.join(", ") || "–", quiet: row.behind.length === 0 }) },
    { label: "Waited", least: 50, rank: 0, end: true, show: (row, link) => ({ text: age(link.now() - row.since), quiet: true }) },
  ],
};
