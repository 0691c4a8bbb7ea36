// Files that were written and are not committed yet, and a commit of these alone.

import { address, ask, el, failed, field, say, show } from "./dom.js";

const FEW = 3;
const PARTS = [["functions", /^src\/problems\//], ["labels", /gold_history/], ["settings", /^(conf\/|params|dvc\.yaml|code\.yaml)/], ["data", /batches\.json$/], ["results of runs", /^(reports\/|models\/|dvc\.lock)/]];

export class Changes {
  constructor(about) {
    this.about = about;
    this.node = el("div", {});
    this.listed = null;
    this.message = el("input", { type: "text", name: "message", maxlength: 5000, placeholder: "why, such as: words of the new campaign" });
  }

  async load() {
    const turn = (this.turn = (this.turn || 0) + 1);
    try {
      const { files } = await ask(address(this.about.name, "changes"));
      if (turn !== this.turn) return;
      if (JSON.stringify(files) === this.listed) return;
      this.listed = JSON.stringify(files);
      const typing = document.activeElement === this.message;
      show(this.node, files.length ? this.form(files) : null);
      if (typing) this.message.focus();
    } catch (error) { this.listed = null; show(this.node, failed(error)); }
  }

  form(files) {
    const problem = el("div", {});
    const parts = PARTS.filter(([, pattern]) => files.some((one) => pattern.test(one))).map(([name]) => name);
    const commit = async (event) => {
      event.preventDefault();
      try {
        const done = await ask(address(this.about.name, "commit"), { message: this.message.value });
        this.message.value = "";
        say(done.files.length > FEW ? `Committed ${done.files.length} files as ${done.commit}` : `Committed ${done.files.join(", ")} as ${done.commit}`);
        await this.load();
      } catch (error) { show(problem, failed(error)); }
    };
    return el("section", { class: "card", "aria-label": "Not committed" }, el("h2", {}, "Not committed yet"),
      el("p", {}, `Changed since the last commit: ${parts.join(", ") || "files of this problem"}. A commit keeps them under a message, and a run takes what is committed.`),
      el("details", files.length > FEW ? {} : { open: "" }, el("summary", {}, files.length === 1 ? "1 file" : `${files.length} files`), el("ul", {}, files.map((one) => el("li", {}, el("code", {}, one))))),
      el("form", { class: "fields", onsubmit: commit }, field("Message", this.message, { class: "grow" }), el("button", { class: "main" }, "Commit")),
      el("p", { class: "small soft" }, "Commits these files and no others."), problem);
  }
}
