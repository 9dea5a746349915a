/** @file What one table shows of a long section, said to the kernel: by blocks, and not with every step of a wheel. */

/** Places beyond those in sight, so that scrolling seldom runs ahead of the kernel. */
const AHEAD = 100;
const BLOCK = 50;
const EVERY = 100;
const AGAIN = 3_000;

export class Sight {
  /** @param {import("./link.js").Link} link @param {string} table @param {string} section @param {number} [ahead] */
  constructor(link, table, section, ahead = AHEAD) {
    this.link = link;
    this.ahead = ahead;
    this.about = { kind: "window", view: link.name, table, section };
    this.asked = "";
    this.askedAt = -Infinity;
    this.timer = 0;
  }

  /** @param {number} first @param {number} last @param {boolean} missing whether a row in sight is not there yet */
  show(first, last, missing) {
    const from = Math.max(0, Math.floor((first - this.ahead) / BLOCK) * BLOCK);
    this.wanted = { first: from, count: Math.ceil((last + this.ahead) / BLOCK) * BLOCK - from };
    const words = `${from} ${this.wanted.count}`;
    if (words === this.asked && !(missing && performance.now() - this.askedAt > AGAIN)) return;
    this.timer ||= setTimeout(() => this.ask(), Math.max(0, this.askedAt + EVERY - performance.now()));
  }

  ask() {
    this.timer = 0;
    this.askedAt = performance.now();
    this.asked = `${this.wanted.first} ${this.wanted.count}`;
    this.link.say({ ...this.about, ...this.wanted });
  }

  /** Nothing is shown any more. */
  end() {
    clearTimeout(this.timer);
    if (this.asked) this.link.say({ ...this.about, first: 0, count: 0 });
    this.asked = "";
  }
}
