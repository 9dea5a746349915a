/** @file The pictures beside words: 16 by 16, one path each. A table. */
import { draw } from "./elements.js";

/** Name -> [path, filled?]. */
const SHAPES = {
  after: ["M6 3.4 10.6 8 6 12.6"],
  alert: ["M8 2.4 14 13H2zM8 6.4v3.2M8 11.3v.2"],
  before: ["M10 3.4 5.4 8 10 12.6"],
  check: ["M3.2 8.6l3.2 3.2 6.4-7.4"],
  clock: ["M8 2.6a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6M8 5v3.2l2.2 1.4"],
  cross: ["M4.3 4.3l7.4 7.4M11.7 4.3l-7.4 7.4"],
  dash: ["M4 8h8"],
  dot: ["M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z", true],
  eye: ["M1.8 8S4 4.2 8 4.2 14.2 8 14.2 8 12 11.8 8 11.8 1.8 8 1.8 8zM8 6.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2"],
  flag: ["M4 14V2.8h8L10.2 6 12 9.2H4"],
  lock: ["M3.8 7.2h8.4v6H3.8zM5.5 7.2V5a2.5 2.5 0 0 1 5 0v2.2"],
  merge: ["M4.2 2.5v3.3c0 2.4 3.8 2 3.8 4.6v3.1M11.8 2.5v3.3c0 2.4-3.8 2-3.8 4.6"],
  pause: ["M4.4 3.4h2.4v9.2H4.4zM9.2 3.4h2.4v9.2H9.2z", true],
  pencil: ["M2.8 13.2l.7-3 7.2-7.2 2.3 2.3-7.2 7.2zM9.2 4.5l2.3 2.3"],
  person: ["M8 2.8a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8M3.4 13.4c.3-2.8 2.1-4 4.6-4s4.3 1.2 4.6 4"],
  play: ["M4.8 3.2v9.6L12.6 8z", true],
  retry: ["M12.6 8a4.6 4.6 0 1 1-1.4-3.3M11.5 2v3H8.5"],
  ring: ["M8 3.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2"],
  shield: ["M8 2l4.8 1.7v3.6c0 3.2-2.2 5.5-4.8 6.7-2.6-1.2-4.8-3.5-4.8-6.7V3.7z"],
  star: ["M8 1.9l1.9 3.9 4.2.6-3.1 3 .8 4.2L8 11.6l-3.8 2 .8-4.2-3.1-3 4.2-.6z", true],
  stop: ["M4 4h8v8H4z", true],
  unlock: ["M3.8 7.2h8.4v6H3.8zM5.5 7.2V4.8a2.5 2.5 0 0 1 4.9-.7"],
};

/**
 * @param {string} name a key of SHAPES
 * @param {string} [tone] good, busy, wait, bad or quiet
 * @returns {SVGElement}
 */
export function icon(name, tone = "quiet") {
  const [path, filled] = SHAPES[name] ?? SHAPES.dot;
  const svg = draw("svg", { viewBox: "0 0 16 16", class: `dm-icon dm-tone-${tone}`, "aria-hidden": "true" });
  svg.append(draw("path", { d: path, class: filled ? "dm-filled" : "dm-drawn" }));
  return svg;
}
