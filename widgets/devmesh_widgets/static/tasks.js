/** @file The table of tasks. */
import { pathCell } from "./cells.js";
import { TASK_ORDER, TASK_STATES, lookOf } from "./states.js";
import { age, counted, span } from "./wording.js";

const PAUSE_TASK = { verb: "pause", icon: "pause", label: "Pause" };
const RESUME_TASK = { verb: "resume", icon: "play", label: "Resume" };
const RETRY_TASK = { verb: "retry", icon: "retry", label: "Queue again" };
const CANCEL_TASK = { verb: "cancel", icon: "cross", label: "Cancel", question: "Cancel this task and stop its agent's work on it:", confirm: "Cancel it" };

/** What may be done with a task in each state. */
const TASK_ACTIONS = {
  queued: [PAUSE_TASK, CANCEL_TASK],
  claimed: [PAUSE_TASK, CANCEL_TASK],
  working: [PAUSE_TASK, CANCEL_TASK],
  review: [CANCEL_TASK],
  paused: [RESUME_TASK, CANCEL_TASK],
  failed: [RETRY_TASK],
  cancelled: [RETRY_TASK],
};

const OVER = new Set(["completed", "failed", "cancelled"]);

function stateCell(row) {
  const look = lookOf(TASK_STATES, row.state);
  if (row.attempt > 1) return { ...look, hint: `${look.text}, attempt ${row.attempt}` };
  if (row.state !== "queued") return look;
  if (row.held_up) return { icon: "alert", tone: "wait", text: row.held_up, hint: `Queued, and nobody can have it: ${row.held_up}` };
  const [first, ...others] = row.waits_for.map((task) => `#${task}`);
  if (!first) return look;
  const more = others.length ? ` +${others.length}` : "";
  return { ...look, text: `waits ${first}${more}`, hint: `Queued until ${[first, ...others].join(", ")} completed` };
}

/** How long it took, once it is over; until then, how long it has been in its state. */
function timeCell(row, link) {
  const posted = `posted ${age(link.now() - row.posted)} ago`;
  const been = age(link.now() - row.since);
  if (!OVER.has(row.state)) return { text: been, quiet: true, hint: `In this state for ${been}; ${posted}` };
  const took = row.began === null ? "–" : span(row.since - row.began);
  return { text: took, quiet: true, hint: `${row.began === null ? "Never begun" : `Took ${took} at its last attempt`}; ended ${been} ago, ${posted}` };
}

function filesCell(row) {
  if (row.files.length === 0) return { text: "–", quiet: true };
  if (row.files.length === 1) return pathCell(row.files[0]);
  return { text: counted(row.files.length, "file"), hint: row.files.join("\n") };
}

/** @type {import("./table.js").Spec} */
export const TASKS = {
  section: "tasks",
  label: "Tasks",
  noun: "task",
  name: (row) => `#${row.task} ${row.title}`,
  height: 10,
  room: 54,
  empty: ["No tasks yet. Post one with", '%devmesh task "Fix the failing tests"'],
  order: (a, b) => TASK_ORDER.indexOf(a.state) - TASK_ORDER.indexOf(b.state) || (OVER.has(a.state) ? b.since - a.since : a.priority - b.priority) || a.task - b.task,
  columns: [
    { label: "#", least: 26, rank: 0, end: true, show: (row) => ({ text: row.task, quiet: true }) },
    { label: "Title", least: 176, grow: 3, rank: 0, show: (row) => ({ text: row.title, quiet: OVER.has(row.state) }) },
    { label: "State", least: 122, rank: 0, show: stateCell },
    { label: "Agent", least: 76, grow: 1, rank: 1, show: (row) => ({ text: row.agent || "–", quiet: !row.agent }) },
    { label: "Time", least: 44, rank: 2, end: true, show: timeCell },
    { label: "Prio", least: 30, rank: 3, end: true, show: (row) => ({ text: row.priority, strong: row.priority === 1 && !OVER.has(row.state), quiet: row.priority > 2 || OVER.has(row.state), hint: "Priority: 1 is the most urgent" }) },
    { label: "Files", least: 140, grow: 1.4, rank: 4, show: filesCell },
  ],
  actions: (row) => TASK_ACTIONS[row.state] ?? [],
};
