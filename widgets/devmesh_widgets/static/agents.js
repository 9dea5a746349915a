/** @file The table of agents. */
import { AGENT_STATES, BADGES, lookOf } from "./states.js";
import { age, dollars, figure, tokens } from "./wording.js";

const PAUSE_AGENT = { verb: "pause", icon: "pause", label: "Pause" };
const RESUME_AGENT = { verb: "resume", icon: "play", label: "Resume" };
const STOP_AGENT = { verb: "stop", icon: "stop", label: "Stop", question: "Stop this agent and requeue its task:", confirm: "Stop it" };

function memory(used, declared, kind) {
  if (!used && !declared) return { text: "–", quiet: true, hint: `No ${kind} used or declared.` };
  const hint = `${figure(used)} GB ${kind} measured, ${figure(declared)} GB declared${used > declared && declared ? ": more than declared" : ""}`;
  return { text: `${figure(used)} / ${figure(declared)}`, hint, level: declared ? used / declared : 1 };
}

/** A parked one says why, and when it is tried again. */
function agentStateCell(row, link) {
  const look = lookOf(AGENT_STATES, row.state);
  if (row.state !== "parked") return look;
  const again = row.retry_at === null ? "" : `; tried again in ${age(row.retry_at - link.now())}`;
  return { ...look, hint: `${row.parked}${again}. Resume it to try at once.` };
}

/** What it does; of a parked one, why it does nothing. */
function taskOf(row, link) {
  if (row.state === "parked") return { ...agentStateCell(row, link), text: `${row.parked}${row.retry_at === null ? "" : `; again in ${age(row.retry_at - link.now())}`}` };
  return row.task === null ? { text: "–", quiet: true } : { text: `#${row.task} ${row.title}` };
}

/** What was measured when it joined, in the hint. */
function badgeCell(row) {
  const look = lookOf(BADGES, row.badge);
  return { ...look, hint: [look.hint, ...row.probes].filter(Boolean).join("\n") };
}

function costCell(row) {
  if (!row.tokens && !row.dollars) return { text: "–", quiet: true, hint: "Its tool has told no cost" };
  return { text: row.dollars ? dollars(row.dollars) : `${tokens(row.tokens)} tok`, hint: `${row.tokens.toLocaleString("en")} tokens${row.dollars ? `, ${dollars(row.dollars)}` : ""}` };
}

/** @type {import("./table.js").Spec} */
export const AGENTS = {
  section: "agents",
  label: "Agents",
  noun: "agent",
  name: (row) => row.agent,
  height: 8,
  room: 54,
  empty: ["No agents yet. Start some with", "%devmesh launch claude"],
  stopped: "All agents have left.",
  order: (a, b) => b.architect - a.architect || a.agent.localeCompare(b.agent, "en", { numeric: true }),
  columns: [
    { label: "Agent", least: 96, grow: 1, rank: 0, show: (row) => (row.architect ? { text: row.agent, strong: true, icon: "star", tone: "wait", hint: `${row.agent}: architect` } : { text: row.agent, strong: true }) },
    { label: "State", least: 80, rank: 0, show: agentStateCell },
    { label: "Task", least: 130, grow: 3, rank: 1, show: taskOf },
    { label: "Tool", least: 120, grow: 1.4, rank: 7, show: (row) => ({ text: row.model ? `${row.tool} · ${row.model}` : row.tool, quiet: true }) },
    { label: "Guard", least: 84, rank: 3, show: badgeCell },
    { label: "Locks", least: 40, rank: 4, end: true, show: (row) => ({ text: row.locks || "–", quiet: !row.locks }) },
    { label: "RAM, GB", least: 72, rank: 2, end: true, show: (row) => memory(row.ram_gb, row.declared_ram_gb, "RAM") },
    { label: "GPU, GB", least: 72, rank: 5, end: true, show: (row) => memory(row.vram_gb, row.declared_vram_gb, "GPU memory") },
    { label: "Cost", least: 62, rank: 5, end: true, show: costCell },
    { label: "Heard", least: 46, rank: 6, end: true, show: (row, link) => ({ text: age(link.now() - row.heard), quiet: true, hint: "Since it was last heard of" }) },
  ],
  actions: (row) => (row.state === "gone" ? [] : [row.state === "paused" || row.state === "parked" ? RESUME_AGENT : PAUSE_AGENT, STOP_AGENT]),
};
