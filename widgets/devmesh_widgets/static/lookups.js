/** @file What is asked of the kernel and answered once: things looked up, and what came of a form. Knows no page. */

const WAIT_MOST = 30_000;

export class Lookups {
  /** @param {(message: object) => void} say */
  constructor(say) {
    this.say = say;
    /** @type {Map<number, {done: Function, failed: Function, timer: number}>} */
    this.waiting = new Map();
    this.last = crypto.getRandomValues(new Uint32Array(1))[0]; // another tab hears our answers, too
  }

  /** @param {string} what @param {{key?: any, words?: string, before?: number}} [which] @returns {Promise<any>} */
  look(what, which = {}) {
    return this.send({ kind: "look", what, ...which });
  }

  /** @param {string} deed @param {Record<string, any>} fields @returns {Promise<string>} a line on what was done */
  do(deed, fields) {
    return this.send({ kind: "do", deed, fields });
  }

  send(message) {
    const id = (this.last += 1);
    return new Promise((done, failed) => {
      const timer = setTimeout(() => this.give(id, "failed", new Error("no answer from the kernel yet: it may be busy with a cell")), WAIT_MOST);
      this.waiting.set(id, { done, failed, timer });
      this.say({ ...message, id });
    });
  }

  hear(message) {
    if (message.refused === undefined) this.give(message.id, "done", message.found);
    else this.give(message.id, "failed", new Error(message.refused));
  }

  give(id, how, what) {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting[how](what);
  }

  end() {
    for (const { timer } of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
  }
}
