/** @file Memory: how much agents use, how much was set aside for them, how much there is; and how that went. */
import { draw, make, setText } from "./elements.js";
import { age, figure, gigabytes, visible } from "./wording.js";

/** The two kinds: title, prefix of the fields, what to say where there is none. */
const KINDS = [
  { title: "RAM", prefix: "ram", none: "Not measured yet." },
  { title: "GPU memory", prefix: "vram", none: "No GPU found. Tasks that need GPU memory get none." },
];

const WIDTH = 240;
const HEIGHT = 52;
/** How much higher than the highest measurement the limit may be and still be drawn. */
const FAR = 4;

class Meter {
  constructor(kind, link) {
    this.kind = kind;
    this.link = link;
    this.node = make("div", "dm-meter");
    this.name = make("span", "dm-meter-name", kind.title);
    this.words = make("span", "dm-meter-words");
    this.bar = make("div", "dm-bar", "", { role: "meter", "aria-label": kind.title, "aria-valuemin": "0" });
    this.used = make("span", "dm-bar-used");
    this.other = make("span", "dm-bar-other");
    this.reserved = make("span", "dm-bar-reserved");
    this.bar.append(this.used, this.other, this.reserved);
    this.legend = make("ul", "dm-legend");
    this.chart = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "dm-chart", role: "img" });
    this.area = draw("path", { class: "dm-area" });
    this.line = draw("path", { class: "dm-line" });
    this.plan = draw("path", { class: "dm-plan" });
    this.limit = draw("path", { class: "dm-limit" });
    this.chart.append(this.area, this.line, this.plan, this.limit);
    this.span = make("p", "dm-span");
    this.none = make("p", "dm-empty", kind.none);
    const top = make("div", "dm-meter-top");
    top.append(this.name, this.words);
    this.node.append(top, this.none, this.bar, this.legend, this.chart, this.span);
    this.items = ["agents", "others", "declared", "limit"].map((label, index) => {
      const item = make("li", `dm-key dm-key-${["used", "other", "reserved", "limit"][index]}`);
      const value = make("span");
      item.append(value);
      this.legend.append(item);
      return { label, item, value };
    });
  }

  refresh(row, samples) {
    const [used, other, reserved, total] = ["used", "other", "reserved", "total"].map((name) => row[`${this.kind.prefix}_${name}_gb`]);
    const there = total > 0;
    this.none.hidden = there;
    for (const node of [this.bar, this.legend, this.chart, this.span]) node.toggleAttribute("hidden", !there);
    setText(this.words, there ? `${figure(used + other)} of ${gigabytes(total)} in use` : "");
    if (!there) return;
    this.device = this.kind.prefix === "vram" ? visible(row.gpu) : "";
    const percent = (amount) => `${Math.min(100, (100 * amount) / total).toFixed(2)}%`;
    this.used.style.width = percent(used);
    this.other.style.width = percent(Math.min(other, total - used));
    this.reserved.style.left = percent(reserved);
    this.bar.classList.toggle("dm-exceeded", used > reserved && reserved > 0);
    this.bar.setAttribute("aria-valuemax", total.toFixed(1));
    this.bar.setAttribute("aria-valuenow", used.toFixed(1));
    this.bar.setAttribute("aria-valuetext", `${gigabytes(used)} used by agents, ${gigabytes(reserved)} declared, of ${gigabytes(total)}`);
    [used, other, reserved, total].forEach((amount, index) => {
      const { label, item, value } = this.items[index];
      item.hidden = index === 1 && !amount;
      setText(value, `${label} ${gigabytes(amount)}`);
    });
    this.plot(samples, total);
  }

  /** The limit is a line where it is not so far up that all else would lie on the ground. */
  plot(samples, total) {
    const drawn = samples.length > 1;
    this.chart.toggleAttribute("hidden", !drawn);
    this.span.hidden = !drawn;
    this.items[3].item.hidden = !drawn;
    if (!drawn) return;
    const [start, end] = [samples[0].at, samples.at(-1).at];
    const highest = Math.max(1e-9, ...samples.flatMap((row) => [row[`${this.kind.prefix}_used_gb`], row[`${this.kind.prefix}_reserved_gb`]]));
    const most = total <= highest * FAR ? Math.max(highest, total) : highest;
    const x = (row) => (((row.at - start) / (end - start || 1)) * WIDTH).toFixed(1);
    const y = (row, name) => (HEIGHT - 2 - (row[`${this.kind.prefix}_${name}_gb`] / most) * (HEIGHT - 6)).toFixed(1);
    const line = samples.map((row) => `${x(row)} ${y(row, "used")}`).join("L");
    this.line.setAttribute("d", `M${line}`);
    this.area.setAttribute("d", `M${x(samples[0])} ${HEIGHT}L${line}L${x(samples.at(-1))} ${HEIGHT}Z`);
    const plan = samples.map((row, index) => (index ? `H${x(row)}V${y(row, "reserved")}` : `M${x(row)} ${y(row, "reserved")}`));
    this.plan.setAttribute("d", plan.join(""));
    this.items[3].item.hidden = most < total;
    this.limit.setAttribute("d", most >= total ? `M0 ${(HEIGHT - 2 - (total / most) * (HEIGHT - 6)).toFixed(1)}H${WIDTH}` : "");
    this.chart.setAttribute("aria-label", `${this.kind.title} over the last ${age(end - start)}`);
    setText(this.span, [this.device, `last ${age(end - start)}`, `up to ${gigabytes(highest)}`, most < total ? `limit ${gigabytes(total)}, far above` : ""].filter(Boolean).join(" · "));
  }
}

export class Hardware {
  /** @param {import("./link.js").Link} link */
  constructor(link) {
    this.link = link;
    this.node = make("div", "dm-hardware");
    this.meters = KINDS.map((kind) => new Meter(kind, link));
    this.node.append(...this.meters.map((meter) => meter.node));
    this.seen = -1;
  }

  end() {}

  refresh() {
    const { hardware, samples } = this.link.store.sections;
    if (hardware.changes + samples.changes === this.seen) return;
    this.seen = hardware.changes + samples.changes;
    const row = this.link.store.only("hardware");
    const sorted = thinned([...samples.rows.values()].sort((a, b) => a.at - b.at));
    if (row) for (const meter of this.meters) meter.refresh(row, sorted);
  }
}

/** At most so many points of one line, the last among them: more cannot be seen, and would be drawn with every sample. */
function thinned(samples) {
  const step = Math.ceil(samples.length / 300);
  return step < 2 ? samples : samples.filter((_, place) => (samples.length - 1 - place) % step === 0);
}
