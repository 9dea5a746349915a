/** @file The line that says when the rows are not of now: coordinator lost or stopped, kernel silent; and when it is back. */
import { make, setText } from "./elements.js";
import { icon } from "./icons.js";
import { age, visible } from "./wording.js";

const BACK_SHOWN = 6;

export class Banner {
  /** @param {import("./link.js").Link} link */
  constructor(link) {
    this.link = link;
    this.words = make("span");
    this.mark = make("span", "dm-mark");
    this.node = make("div", "dm-banner", "", { role: "status", "aria-live": "polite" });
    this.node.append(this.mark, this.words);
    this.kind = "";
  }

  end() {}

  refresh() {
    const [kind, text] = this.message();
    this.node.hidden = !kind;
    if (kind !== this.kind) {
      this.kind = kind;
      this.node.className = `dm-banner dm-banner-${kind}`;
      const shape = { back: ["check", "good"], stopped: ["stop", "quiet"] }[kind] ?? ["alert", "bad"];
      this.mark.replaceChildren(icon(...shape));
    }
    setText(this.words, text);
  }

  /** @returns {[string, string]} */
  message() {
    const [health] = this.link.store.health;
    const note = visible(this.link.store.only("header")?.note);
    const gone = age(this.link.gone());
    const silence = this.link.silence();
    if (silence) return ["silent", `No word from the kernel for ${age(silence)}: the rows are from then. If it was restarted, start the mesh and run this cell again.`];
    if (health === "lost") return ["lost", `Coordinator lost ${gone} ago${note ? `: ${note}` : ""}. The rows are the last ones heard; trying to reach it.`];
    if (health === "stopped") return ["stopped", `The mesh was stopped ${gone} ago${note ? `: ${note}` : ""}. Start it again with %devmesh start.`];
    if (this.link.sinceBack() < BACK_SHOWN) return ["back", "The coordinator is back. The rows are live again."];
    return ["", ""];
  }
}
