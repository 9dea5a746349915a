/** @file Between the model and the views: one store per model, whoever shows it. Says when somebody looks, and asks. */
import { Lookups } from "./lookups.js";
import { Store } from "./store.js";

const HERE_EVERY = 20_000;
const GAP_EVERY = 2_000;
const SILENT_AFTER = 15;
const PATIENCE = 20_000;
const REFUSAL_SHOWN = 12_000;

/** Nouns of actions and the sections their rows are in. */
const SECTION_OF = { agent: "agents", task: "tasks", lock: "locks", rule: "rules", conflict: "conflicts" };

/** @typedef {{id: number, noun: string, key: any, label: string, before: string, at: number, taken: boolean, refused: string}} Pending */

export class Link {
  /** @param {any} model an anywidget model */
  constructor(model) {
    this.model = model;
    this.store = new Store(model.get("fields"));
    this.store.start(model.get("beginning"));
    this.heardAt = this.basedAt = performance.now();
    this.goneAt = this.heardAt - (this.store.now - this.store.health[1]) * 1000;
    this.gapAt = -Infinity;
    this.name = randomName();
    /** @type {Set<() => void>} */
    this.views = new Set();
    /** @type {Map<string, Pending>} */
    this.pending = new Map();
    this.asked = 0;
    this.lookups = new Lookups((message) => this.say(message));
    this.backAt = -Infinity;
    this.listen = (message) => this.hear(message);
    model.on("msg:custom", this.listen);
  }

  /** Mesh time of this moment; it stands still while the coordinator is away. @returns {number} */
  now() {
    return this.store.now + (this.store.health[0] === "live" ? (performance.now() - this.basedAt) / 1000 : 0);
  }

  /** Seconds since the coordinator went away. @returns {number} */
  gone() {
    return (performance.now() - this.goneAt) / 1000;
  }

  /** Seconds since the kernel last said anything, 0 while that is nothing to worry about. @returns {number} */
  silence() {
    const seconds = (performance.now() - this.heardAt) / 1000;
    return seconds > SILENT_AFTER ? seconds : 0;
  }

  /** Seconds since the coordinator came back, Infinity if it was never away. @returns {number} */
  sinceBack() {
    return (performance.now() - this.backAt) / 1000;
  }

  /** @param {() => void} refresh called after every change @returns {() => void} to be called when the view is gone */
  show(refresh) {
    this.views.add(refresh);
    if (this.views.size === 1) {
      this.say({ kind: "open", view: this.name });
      this.timer = setInterval(() => this.say({ kind: "here", view: this.name }), HERE_EVERY);
    }
    return () => {
      this.views.delete(refresh);
      if (this.views.size === 0) this.rest();
    };
  }

  /** To the kernel; one that was restarted does not know us any more, which the silence tells. */
  say(message) {
    try {
      this.model.send(message);
    } catch {
      // nobody is there to hear it
    }
  }

  rest() {
    clearInterval(this.timer);
    this.say({ kind: "closed", view: this.name });
  }

  end() {
    clearInterval(this.timer);
    this.model.off("msg:custom", this.listen);
    this.lookups.end();
  }

  hear(message) {
    if (message.kind === "update") this.update(message);
    if (message.kind === "answer") this.answer(message);
    if (message.kind === "found") this.lookups.hear(message);
  }

  update(message) {
    const before = this.store.health[0];
    this.heardAt = performance.now();
    if (!this.store.apply(message)) {
      if (this.heardAt - this.gapAt > GAP_EVERY) {
        this.gapAt = this.heardAt;
        this.say({ kind: "gap" });
      }
      return;
    }
    this.basedAt = this.heardAt;
    const [health, since] = this.store.health;
    if (before !== "live" && health === "live") this.backAt = this.heardAt;
    if (before !== health) this.goneAt = this.heardAt - (this.store.now - since) * 1000;
    this.settle();
    this.refresh();
  }

  refresh() {
    for (const view of this.views) view();
  }

  /**
   * Press a button: pending until the row shows the effect, or the mesh says no.
   * @param {{noun: string, key: any, name: string}} row noun: agent, task or lock
   * @param {{verb: string, label: string}} action @param {string} [reason]
   */
  ask({ noun, key, name }, { verb, label }, reason = "") {
    this.asked += 1;
    const before = this.store.rows(SECTION_OF[noun]).get(key)?.state ?? "";
    this.pending.set(`${noun}:${key}`, { id: this.asked, noun, key, label: `${label} ${name}`, before, at: performance.now(), taken: false, refused: "" });
    this.say({ kind: "ask", id: this.asked, action: `${noun}.${verb}`, key, reason });
    this.refresh();
  }

  answer(message) {
    this.heardAt = performance.now();
    for (const pending of this.pending.values()) {
      if (pending.id !== message.id) continue;
      pending.taken = true;
      if (message.refused) Object.assign(pending, { refused: message.refused, at: performance.now() });
    }
    this.refresh();
  }

  /** Forget what has been done, and what has been pending for too long. */
  settle() {
    const now = performance.now();
    for (const [name, pending] of this.pending) {
      const row = this.store.rows(SECTION_OF[pending.noun]).get(pending.key);
      const done = !row || (row.state ?? "") !== pending.before;
      if (pending.refused ? now - pending.at > REFUSAL_SHOWN : done) this.pending.delete(name);
      else if (!pending.refused && pending.taken && now - pending.at > PATIENCE) {
        Object.assign(pending, { refused: "no effect yet; the events tell what happened", at: now });
      }
    }
  }

  /** @param {string} noun @param {any} key @returns {Pending | undefined} */
  pendingOf(noun, key) {
    return this.pending.get(`${noun}:${key}`);
  }
}

/** A name nobody else has. `crypto.randomUUID` is missing where a notebook is served over plain http. */
function randomName() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
