// Versions of a problem's model: scores, what differs between two, rollback, and the candidate that waits for a person.

import { address, ask, el, failed, field, percent, say, show } from "./dom.js";

const LISTS = {
  batches_added: "Batches added", batches_removed: "Batches removed", functions_added: "Files of functions added", functions_removed: "Files of functions removed",
  functions_changed: "Files of functions changed", code: "Stages with other code", outputs: "Outputs that differ",
};

export class Versions {
  constructor(about, changed) {
    this.about = about;
    this.changed = changed;
    this.node = el("section", { class: "card", "aria-label": "Versions" });
    this.question = el("div", {});
  }

  draw(models, newest) {
    this.models = models;
    this.below = el("div", { "aria-live": "polite" });
    const versions = [...models.versions].reverse();
    const kept = newest && newest.commit && !newest.version && (!models.pending || models.pending.expired);
    show(this.question, models.pending ? this.asked(models.pending) : null, kept ? this.promoting(newest) : null);
    show(this.node, el("h2", {}, "Versions"),
      models.damaged.map((one) => failed({ message: one })),
      versions.length ? this.table(versions) : el("p", { class: "soft" }, "No version yet: the first run whose model is better than naming the most common class makes one."),
      versions.length > 1 ? this.chooser(versions) : null, this.below);
  }

  table(versions) {
    const head = ["Version", "Score", "Promoted", "Why", ""].map((one) => el("th", {}, one));
    return el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, versions.map((one) => this.line(one)))));
  }

  line(one) {
    const name = one.version.split("@")[1];
    const champion = one.stage === "champion";
    const score = one.score === null ? "–" : `${one.metric.replaceAll("_", " ")} ${percent(one.score)}${one.low === null ? "" : ` [${percent(one.low)}, ${percent(one.high)}]`}`;
    return el("tr", { "data-version": name },
      el("td", {}, `${name}${champion ? " ★ in production" : ""}`), el("td", {}, score),
      el("td", {}, `${new Date(one.when).toLocaleString()} by ${one.by === "person" ? one.who || "a person" : "the gate"}`),
      el("td", { class: "name lines" }, one.reason, one.rolled_back ? el("div", { class: "small soft" }, `in production again: ${one.rolled_back}`) : null),
      el("td", {}, champion ? null : el("button", { onclick: () => this.ask(name) }, "Roll back to it")));
  }

  chooser(versions) {
    const names = versions.map((one) => one.version.split("@")[1]);
    const pick = (name, chosen) => el("select", { name }, names.map((one) => el("option", { value: one, selected: one === chosen }, one)));
    const [old, now] = [pick("old", names[1]), pick("new", names[0])];
    return el("div", { class: "fields" }, field("Compare", old), field("with", now), el("button", { onclick: () => this.compare(old.value, now.value) }, "Show what differs"));
  }

  async compare(old, now) {
    try { show(this.below, difference(await ask(address(this.about.name, "versions", old, now)))); } catch (error) { show(this.below, failed(error)); }
  }

  ask(version) {
    const send = async (reason) => {
      const done = await ask(address(this.about.name, "rollback"), { version, reason });
      say(`${done.champion} is in production again`);
    };
    show(this.below, this.reasoned(`Put ${version} into production again?`, "Every prediction from now on is by it. The other versions stay, so this can be undone in the same way.", [["Roll back", send]], () => show(this.below)));
    this.below.querySelector("input").focus();
  }

  asked(pending) {
    if (pending.expired) return el("p", { class: "note" }, "A person was asked about a candidate; another version is in production since, so the next run asks again.");
    const send = (approve) => async (reason) => {
      const done = await ask(address(this.about.name, "decision"), { approve, reason });
      say(approve ? `${done.champion} is in production` : "Rejected: what is in production stays");
    };
    const about = el("ul", {}, pending.reasons.map((one) => el("li", {}, one)));
    return el("section", { class: "card", "aria-label": "Decision" }, el("h2", {}, "A candidate waits for your decision"),
      el("p", {}, pending.champion ? `It would replace ${pending.champion}.` : "It would be the first version.", " On so few labeled rows the gate cannot tell which is better; scores of both stand below. Approve it if you know more than these rows say: what is in production now stays a version that can be put back."),
      el("details", {}, el("summary", {}, "What the gate found"), about),
      this.reasoned("", "", [["Approve", send(true)], ["Reject", send(false)]]));
  }

  promoting(newest) {
    const send = async (reason) => {
      const done = await ask(address(this.about.name, "promote"), { reason });
      say(`${done.champion} is in production`);
    };
    return el("details", { class: "card", "aria-label": "Promote" }, el("summary", {}, "Put the newest model into production all the same"),
      el("p", {}, newest.verdict === "keep" ? "The gate has not found it better. If you know more than its labels say, promote it; the version before can be put back." : "No version has been made of it."),
      this.reasoned("", "", [["Promote", send]]));
  }

  reasoned(title, text, actions, dismiss) {
    const reason = el("input", { type: "text", name: "reason", maxlength: 2000, required: "", placeholder: "kept with the decision" });
    const problem = el("div", {});
    const act = (send) => async () => {
      if (!reason.value.trim()) { show(problem, failed({ message: "Say why: the reason is kept with the decision." })); return; }
      try { await send(reason.value.trim()); await this.changed(); } catch (error) { show(problem, failed(error)); }
    };
    return el("div", { class: "ask" }, title ? el("h3", {}, title) : null, text ? el("p", {}, text) : null,
      el("div", { class: "fields" }, field("Reason", reason, { class: "grow" }), actions.map(([name, send], place) => el("button", { class: place ? null : "main", onclick: act(send) }, name)),
        dismiss ? el("button", { onclick: dismiss }, "Leave it") : null), problem);
  }
}

function difference(found) {
  const listed = Object.entries(LISTS).filter(([key]) => found[key].length);
  const cell = (value) => (value === null || value === undefined ? "–" : typeof value === "number" ? value.toFixed(3) : JSON.stringify(value));
  const table = (head, lines) => el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, head.map((one) => el("th", {}, one)))), el("tbody", {}, lines)));
  const line = (name, one) => el("tr", {}, el("td", { class: "name" }, name), el("td", {}, cell(one.old)), el("td", {}, cell(one.new)));
  return el("div", { "data-diff": "" }, el("h3", {}, `From ${found.old} to ${found.new}`),
    found.scores.length ? table(["Score", found.old, found.new], found.scores.map((one) => line(one.metric.replaceAll("_", " "), one))) : null,
    listed.map(([key, title]) => [el("h3", {}, title), el("ul", {}, found[key].map((one) => el("li", {}, one)))]),
    found.settings.length ? [el("h3", {}, "Settings"), table(["Setting", found.old, found.new], found.settings.map((one) => line(one.key, one)))] : null,
    listed.length || found.settings.length ? null : el("p", { class: "soft" }, "Nothing differs but the scores."));
}
