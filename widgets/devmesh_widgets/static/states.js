/** @file What each state looks like: always a word and a shape, never a colour alone. Tables. */

/** @typedef {{icon: string, tone: string, text: string, hint?: string}} Look */

/** @type {Record<string, Look>} */
export const AGENT_STATES = {
  idle: { icon: "ring", tone: "quiet", text: "idle" },
  working: { icon: "play", tone: "busy", text: "working" },
  paused: { icon: "pause", tone: "wait", text: "paused" },
  parked: { icon: "clock", tone: "wait", text: "parked", hint: "Its tool's service would not serve." },
  away: { icon: "alert", tone: "wait", text: "away", hint: "Its connection dropped; its lease still runs." },
  gone: { icon: "cross", tone: "quiet", text: "gone" },
};

/** @type {Record<string, Look>} */
export const TASK_STATES = {
  queued: { icon: "clock", tone: "quiet", text: "queued" },
  claimed: { icon: "flag", tone: "busy", text: "claimed" },
  working: { icon: "play", tone: "busy", text: "working" },
  review: { icon: "eye", tone: "busy", text: "in review" },
  paused: { icon: "pause", tone: "wait", text: "paused" },
  abandoned: { icon: "alert", tone: "wait", text: "abandoned" },
  completed: { icon: "check", tone: "good", text: "completed" },
  failed: { icon: "cross", tone: "bad", text: "failed" },
  cancelled: { icon: "dash", tone: "quiet", text: "cancelled" },
};

/** Order of the states in the table of tasks: what moves first, what is over last. Each column of the board is a stretch of it. */
export const TASK_ORDER = ["working", "claimed", "review", "paused", "abandoned", "queued", "failed", "cancelled", "completed"];

/** @type {Record<string, Look>} */
export const LOCK_MODES = {
  read: { icon: "eye", tone: "quiet", text: "read", hint: "Must not change while it is read." },
  write: { icon: "pencil", tone: "busy", text: "write", hint: "Held alone." },
  intent: { icon: "flag", tone: "busy", text: "intent", hint: "About to write: readers may still come, writers may not." },
  co_write: { icon: "merge", tone: "busy", text: "co-write", hint: "Several may write; every landing is merged." },
};

/** @type {Record<string, Look>} */
export const BADGES = {
  isolated: { icon: "shield", tone: "good", text: "isolated", hint: "Works in a copy of its own; only the write gate writes the project." },
  enforced: { icon: "lock", tone: "good", text: "enforced", hint: "Works in the project; its tool refuses edits without a lock." },
  watched: { icon: "eye", tone: "wait", text: "watched", hint: "Works in the project and nothing stops it; writes without a lock are found afterwards." },
};

/** @type {Record<string, Look>} */
export const HEALTH = {
  live: { icon: "dot", tone: "good", text: "live" },
  lost: { icon: "alert", tone: "bad", text: "coordinator lost" },
  silent: { icon: "alert", tone: "bad", text: "no word" },
  stopped: { icon: "stop", tone: "quiet", text: "stopped" },
  past: { icon: "clock", tone: "quiet", text: "replay" },
};

/** How the kinds of events look: the first pattern that fits. @type {[RegExp, string, string][]} */
const EVENT_LOOKS = [
  [/refused|malformed|failed|lost|exceeded|stalled|conflict|poison|write_found|budget_reached/, "alert", "bad"],
  [/returned|expired|queued|paused|dropped|abandoned|cancelled|dismissed|asked|^agent_parked/, "clock", "wait"],
  [/completed|applied|approved|granted/, "check", "good"],
  [/^lock/, "lock", "quiet"],
  [/^agent|^architect|^session/, "person", "quiet"],
  [/^task|^bid|^change|^review|^check/, "dot", "busy"],
];

/** @param {string} kind @returns {Look} */
export function eventLook(kind) {
  const [, shape, tone] = EVENT_LOOKS.find(([pattern]) => pattern.test(kind)) ?? [null, "dot", "quiet"];
  return { icon: shape, tone, text: kind.replaceAll("_", " ") };
}

/** @param {Record<string, Look>} table @param {string} state @returns {Look} */
export function lookOf(table, state) {
  return Object.hasOwn(table, state) ? table[state] : { icon: "dot", tone: "quiet", text: state };
}
