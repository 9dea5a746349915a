/** @file The buttons at the end of a row, and the question some of them ask first. */
import { make, setText } from "./elements.js";
import { icon } from "./icons.js";
import { visible } from "./wording.js";

/**
 * @typedef {object} Action
 * @property {string} verb
 * @property {string} icon
 * @property {string} label what it does, for a tooltip and a screen reader
 * @property {string} [question] asked first
 * @property {boolean} [reason] whether the answer must be words
 * @property {string} [confirm] the word on the button that goes ahead
 */

/**
 * The buttons of one row, or what became of the one that was pressed.
 * @param {HTMLElement} node @param {{noun: string, key: any, name: string, actions: Action[]}} row
 * @param {import("./link.js").Link} link @param {Question} question
 */
export function paintButtons(node, row, link, question) {
  const pending = link.pendingOf(row.noun, row.key);
  const state = pending ? (pending.refused ? "refused" : pending.taken ? "pending" : "sent") : "";
  const look = [row.key, state, ...row.actions.map((action) => action.verb)].join("\u0000");
  if (node.dmLook === look) return;
  node.dmLook = look;
  if (pending) node.replaceChildren(pendingMark(pending, state));
  else node.replaceChildren(...row.actions.map((action) => button(row, action, link, question)));
}

const MARKS = {
  sent: ["clock", "wait", "sent", "Waits for the kernel: without subshells it hears buttons only when the running cell ends."],
  pending: ["clock", "wait", "pending", "Asked; the row changes when it has happened."],
  refused: ["cross", "bad", "refused", ""],
};

function pendingMark(pending, state) {
  const [shape, tone, word, hint] = MARKS[state];
  const mark = make("span", "dm-pending", "", { title: visible(pending.refused) || hint });
  mark.append(icon(shape, tone), make("span", "", word));
  return mark;
}

function button(row, action, link, question) {
  const label = `${action.label} ${visible(row.name)}`;
  const node = make("button", "dm-button", "", { type: "button", title: label, "aria-label": label, tabindex: "-1" });
  node.append(icon(action.icon));
  node.addEventListener("click", (event) => {
    event.stopPropagation();
    if (!action.question) link.ask(row, action);
    else question.ask(row, action, node);
  });
  return node;
}

/** The bar under a table: a question before an action, and refusals in words. */
export class Question {
  /** @param {import("./link.js").Link} link */
  constructor(link) {
    this.link = link;
    this.node = make("div", "dm-asking");
    this.notice = make("p", "dm-notice", "", { role: "status", "aria-live": "polite" });
    this.form = make("form", "dm-form");
    this.form.hidden = this.notice.hidden = true;
    this.node.append(this.form, this.notice);
  }

  ask(row, action, opener) {
    const words = make("label", "dm-words", `${action.question} `);
    words.append(make("strong", "", visible(row.name), { dir: "auto" }), "?");
    const input = make("input", "dm-input", "", { type: "text", maxlength: "500", placeholder: "Reason, kept on record", "aria-label": "Reason" });
    input.required = !!action.reason;
    const go = make("button", "dm-go", action.confirm ?? action.label, { type: "submit" });
    const back = make("button", "dm-back", "Keep as it is", { type: "button" });
    const close = () => {
      this.form.hidden = true;
      if (opener.isConnected) opener.focus();
    };
    back.addEventListener("click", close);
    this.form.onkeydown = (event) => {
      if (event.key === "Escape") close();
    };
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.link.ask(row, action, input.value.trim());
      close();
    };
    this.form.replaceChildren(words, ...(action.reason ? [input] : []), go, back);
    this.form.hidden = false;
    (action.reason ? input : go).focus();
  }

  /** @param {string} noun */
  refresh(noun) {
    const refused = [...this.link.pending.values()].filter((pending) => pending.noun === noun && pending.refused);
    this.notice.hidden = refused.length === 0;
    setText(this.notice, refused.map((pending) => `${visible(pending.label)}: ${visible(pending.refused)}`).join(" · "));
  }
}
