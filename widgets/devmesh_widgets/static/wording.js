/** @file Text and figures as a person reads them. Whatever an agent wrote passes `visible`; its Python twin is wording.py. */

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/**
 * Text without anything that acts: controls become a blank, direction marks vanish.
 * @param {unknown} value
 * @returns {string}
 */
export function visible(value) {
  return String(value ?? "").replace(INVISIBLE, "").replace(CONTROL, " ");
}

/** The same of several lines: their ends and tabs stay. @param {unknown} value @returns {string} */
export function visibleLines(value) {
  return String(value ?? "").split(/\r\n|\r|\n/).map((line) => line.split("\t").map(visible).join("\t")).join("\n");
}

/**
 * One figure, rounded down: `12 s`, `4 min`, `3 h`, `2 d`.
 * @param {number} seconds
 * @returns {string}
 */
export function age(seconds) {
  const s = Math.max(0, seconds);
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

/** How long something took: a decimal while it says something. @param {number} seconds @returns {string} `0.4 s`, `12 s` */
export function span(seconds) {
  return seconds < 9.95 ? `${Math.max(0, seconds).toFixed(1)} s` : age(seconds + 0.5);
}

/** @param {number} amount @returns {string} `0`, `0.04`, `1.4`, `12`: two figures that count. */
export function figure(amount) {
  if (amount < 0.995) return amount < 0.005 ? "0" : amount.toFixed(2);
  return amount < 9.95 ? amount.toFixed(1) : amount.toFixed(0);
}

/** @param {number} amount @returns {string} `0.4 GB` */
export function gigabytes(amount) {
  return `${figure(amount)} GB`;
}

/** @param {number} seconds since 1970 @returns {string} `14:03:59`, local time */
export function clockTime(seconds) {
  return new Date(seconds * 1000).toTimeString().slice(0, 8);
}

/** @param {number} count @param {string} noun @returns {string} `1 lock`, `2 locks` */
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** @param {number} amount @returns {string} `$0.42`, `$12.30` */
export function dollars(amount) {
  return amount > 0 && amount < 0.01 ? "<$0.01" : `$${amount.toFixed(2)}`;
}

/** @param {number} amount @returns {string} `950`, `12k`, `3.4M` tokens */
export function tokens(amount) {
  if (amount < 1_000) return String(amount);
  if (amount < 1_000_000) return `${(amount / 1_000).toFixed(amount < 10_000 ? 1 : 0)}k`;
  return `${(amount / 1_000_000).toFixed(1)}M`;
}
