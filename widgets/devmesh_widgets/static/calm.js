/** @file A size that grows at once and shrinks only after a while: a page must not jump under who reads it. */

export const CALM = 10_000;

export class Calm {
  /** @param {number} [after] milliseconds */
  constructor(after = CALM) {
    this.after = after;
    this.kept = 0;
    this.at = -Infinity;
  }

  /** @param {number} size what it needs now @returns {number} what it gets */
  of(size) {
    const now = performance.now();
    if (size >= this.kept || now - this.at > this.after) this.kept = size;
    if (size >= this.kept) this.at = now;
    return this.kept;
  }
}
