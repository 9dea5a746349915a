/**
 * @file The rows a front end holds: numbered updates folded into maps. Knows no page and no comm.
 *
 * Between `begin` and `end` a section is told again: what was not told is dropped at the end. Of a long section only some
 * places are told: `total` says how many rows there are, `places` what stands where.
 */

/** @typedef {Record<string, any>} Row */
/** @typedef {{begin?: boolean, end?: boolean, total?: number | null, places?: [number, any[]][], rows?: any[][], edits?: any[][], gone?: any[], skipped?: number}} Delta */
/** @typedef {{v: number, now: number, fresh?: boolean, health: [string, number], sections: Record<string, Delta>}} Update */

/** Events kept for scrolling back; older ones are in the audit. */
const EVENT_LIMIT = 1000;
/** Measurements of memory kept for the line; the kernel keeps fewer. */
const SAMPLE_LIMIT = 600;
const LIMITS = { events: EVENT_LIMIT, samples: SAMPLE_LIMIT };

class Section {
  /** @param {string[]} fields @param {number} limit */
  constructor(fields, limit) {
    this.fields = fields;
    this.limit = limit;
    /** @type {Map<any, Row>} */
    this.rows = new Map();
    this.changes = 0;
    this.skipped = 0;
    /** @type {Set<any> | null} */
    this.told = null;
    this.stand(null, []);
  }

  /** How many rows there are, told or not. */
  get count() {
    return this.total ?? this.rows.size;
  }

  /** @param {number | null} total null: all rows are told @param {[number, any[]][]} places */
  stand(total, places) {
    this.total = total;
    /** @type {Map<number, any> | null} what stands where, while only some rows are told */
    this.places = total === null ? null : new Map(places.flatMap(([first, keys]) => keys.map((key, at) => [first + at, key])));
  }

  /** @param {Delta} delta */
  apply(delta) {
    if (delta.begin) {
      this.told = new Set();
      this.skipped = 0;
    }
    if (delta.begin || delta.total !== undefined) this.stand(delta.total ?? null, delta.places ?? []);
    for (const cells of delta.rows ?? []) {
      this.rows.set(cells[0], Object.fromEntries(this.fields.map((name, index) => [name, cells[index]])));
      this.told?.add(cells[0]);
    }
    for (const [key, ...pairs] of delta.edits ?? []) this.edit(key, pairs);
    for (const key of delta.gone ?? []) this.rows.delete(key);
    if (delta.end) this.sweep();
    this.skipped += delta.skipped ?? 0;
    while (this.rows.size > this.limit) this.rows.delete(this.rows.keys().next().value);
    this.changes += 1;
  }

  edit(key, pairs) {
    const row = { ...this.rows.get(key) };
    for (let index = 0; index < pairs.length; index += 2) row[this.fields[pairs[index]]] = pairs[index + 1];
    this.rows.set(key, row);
  }

  sweep() {
    for (const key of this.rows.keys()) if (!this.told?.has(key)) this.rows.delete(key);
    this.told = null;
  }
}

export class Store {
  /** @param {Record<string, string[]>} fields section -> names of its cells */
  constructor(fields) {
    /** @type {Record<string, Section>} */
    this.sections = {};
    for (const [name, names] of Object.entries(fields)) {
      this.sections[name] = new Section(names, LIMITS[name] ?? Infinity);
    }
    this.version = 0;
    this.numbered = false;
    this.now = 0;
    this.health = ["live", 0];
  }

  /**
   * Take in one update.
   * @param {Update} update
   * @returns {boolean} false when one before it is missing: nothing was changed
   */
  apply(update) {
    if (!update.fresh && !(this.numbered && update.v === this.version + 1)) return false;
    this.version = update.v;
    this.numbered = true;
    this.fold(update);
    return true;
  }

  /** Take in the rows the panel was made with: shown at once, followed by a fresh update. @param {Update} update */
  start(update) {
    if (update?.sections) this.fold(update);
  }

  fold(update) {
    this.now = update.now;
    this.health = update.health;
    for (const [name, delta] of Object.entries(update.sections)) this.sections[name]?.apply(delta);
  }

  /** @param {string} name @returns {Map<any, Row>} */
  rows(name) {
    return this.sections[name]?.rows ?? new Map();
  }

  /** @param {string} name @returns {Row | undefined} the row of a section that has one */
  only(name) {
    return this.rows(name).values().next().value;
  }
}
