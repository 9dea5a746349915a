/** @file Which columns of a table fit a width, and what room each gets. Knows no page. */

const GAP = 8;
const NARROWEST = 60;

/** @typedef {import("./table.js").Column} Column @typedef {import("./table.js").Spec} Spec */

/** The columns that fit, in reading order: by rank, and a narrow one may take the room a wide one cannot.
 * @param {Spec} spec @param {number} width @returns {{fitting: Column[], missing: number}} missing: px beyond the width */
export function columnsWithin(spec, width) {
  let left = width - (spec.actions ? spec.room : -GAP);
  const chosen = new Set();
  for (const column of [...spec.columns].sort((a, b) => a.rank - b.rank)) {
    if (column.rank > 0 && left < column.least + GAP) continue;
    left -= column.least + GAP;
    chosen.add(column);
  }
  return { fitting: spec.columns.filter((column) => chosen.has(column)), missing: Math.max(0, -left) };
}

/** The tracks of the grid; what is missing is taken from the first column that can grow. */
export function tracksOf(spec, columns, missing) {
  const first = columns.find((column) => column.grow);
  const least = (column) => Math.max(NARROWEST, column.least - (column === first ? missing : 0));
  const tracks = columns.map((column) => (column.grow ? `minmax(${least(column)}px, ${column.grow}fr)` : `${column.least}px`));
  return [...tracks, ...(spec.actions ? [`${spec.room}px`] : [])].join(" ");
}

export function cellClass(column) {
  return column.end ? "dm-cell dm-end" : "dm-cell";
}
