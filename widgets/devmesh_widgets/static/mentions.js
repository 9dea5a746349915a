/** @file Completion of @agents and files while one types. Knows a text field, and whoever offers words for a beginning. */
import { make, newId } from "./elements.js";
import { visible } from "./wording.js";

const MOST_OFFERS = 8;
const MENTION = /(?:^|\s)@([\w.:+/-]*)$/;

/** @typedef {{word: string, note: string}} Offer */

export class Mentions {
  /** @param {HTMLTextAreaElement | HTMLInputElement} input @param {(begun: string) => Promise<Offer[]>} offers @param {{always?: boolean}} [how] always: every word is one, without an @ */
  constructor(input, offers, { always = false } = {}) {
    this.input = input;
    this.offers = offers;
    this.always = always;
    this.list = make("ul", "dm-offers", "", { role: "listbox", id: newId("offers"), "aria-label": always ? "Paths" : "Agents and paths" });
    this.list.hidden = true;
    this.node = make("div", "dm-mentions");
    this.node.append(input, this.list);
    this.turn = 0;
    this.active = 0;
    this.found = [];
    input.setAttribute("aria-controls", this.list.id);
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-haspopup", "listbox");
    input.addEventListener("input", () => this.look());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => this.hide(), 150));
  }

  /** The begun word before the cursor, null when there is none. */
  begun() {
    const before = this.input.value.slice(0, this.input.selectionStart);
    const found = this.always ? /(?:^|[\s,])([^\s,]*)$/.exec(before) : MENTION.exec(before);
    return found ? found[1] : null;
  }

  async look() {
    const turn = (this.turn += 1);
    const begun = this.begun();
    if (begun === null || (this.always && !begun)) return this.hide();
    const found = await this.offers(begun).catch(() => []);
    if (turn === this.turn) this.show(found.slice(0, MOST_OFFERS));
  }

  show(found) {
    this.found = found;
    this.active = 0;
    this.list.hidden = found.length === 0;
    this.list.replaceChildren(...found.map((offer, index) => this.line(offer, index)));
    this.mark();
  }

  line({ word, note }, index) {
    const node = make("li", "dm-offer", "", { role: "option", id: `${this.list.id}-${index}` });
    node.append(make("span", "", visible(word), { dir: "auto" }), make("span", "dm-quiet", visible(note)));
    node.addEventListener("mousedown", (event) => {
      event.preventDefault();
      this.take(index);
    });
    return node;
  }

  mark() {
    [...this.list.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === this.active)));
    if (this.found.length) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (this.list.hidden) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) this.active = (this.active + steps[event.key] + this.found.length) % this.found.length;
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.active);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.mark();
  }

  take(index) {
    const { word } = this.found[index];
    const at = this.input.selectionStart;
    const begun = this.begun() ?? "";
    this.input.setRangeText(`${word} `, at - begun.length, at, "end");
    this.hide();
    this.input.dispatchEvent(new Event("change"));
  }

  hide() {
    this.turn += 1;
    this.list.hidden = true;
    this.found = [];
    this.mark();
  }
}
