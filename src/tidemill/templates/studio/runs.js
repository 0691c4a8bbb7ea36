// Runs of a problem: started, followed and cancelled; the newest result beside the one before; versions.

import { Changes } from "./changes.js";
import { address, ask, el, failed, field, number, percent, say, show } from "./dom.js";
import { Versions } from "./versions.js";

const WHAT = { refresh: "a whole run", labels: "in place, up to the labels", model: "in place, up to the scores of a model" };
const STATE = { running: "Running", cancelling: "Ending", done: "Done", failed: "Failed", cancelled: "Cancelled" };
const VERDICT = { promote: "promoted", keep: "the champion stays", ask: "a person has to decide" };
const DOES = {
  preflight: "settings are checked", ingest: "rows are read in", embed: "the backbone looks at the rows", label: "functions vote", denoise: "votes become labels", facts: "candidates become facts",
  search: "better settings are tried, if time is given", train: "a model learns from the labels", evaluate: "it is scored and compared", monitor: "new rows are compared with earlier ones",
};
const LOW = /(loss|error)$/;
const [BUSY_MS, IDLE_MS] = [1000, 5000];

export async function runsPage(page, name) {
  show(page, el("p", { class: "soft" }, `Loading the runs of ${name}…`));
  const runs = new Runs({ name });
  await runs.load();
  show(page, el("h1", {}, `Runs of ${name}`), runs.changes.node, runs.node);
  await runs.changes.load();
  runs.follow();
}

class Runs {
  constructor(about) {
    this.about = about;
    this.changes = new Changes(about);
    this.versions = new Versions(about, () => this.load());
    this.status = el("div", { "aria-live": "polite" });
    this.problem = el("div", {});
    this.settings = el("input", { type: "text", name: "settings", maxlength: 2000, placeholder: "such as denoise=majority train=head" });
    this.node = el("div", {});
  }

  async load() {
    const found = await ask(address(this.about.name, "runs"));
    [this.run, this.elsewhere] = [found.run, found.elsewhere];
    this.versions.draw(found.models, found.results[0]);
    show(this.node, this.form(), this.versions.question, resultsCard(found.results, found.models.pending), this.versions.node, linksCard(found.links));
    this.draw();
  }

  form() {
    const button = (what, text, main) => el("button", { class: main ? "main" : null, "data-start": what, onclick: () => this.start(what) }, text);
    return el("section", { class: "card", "aria-label": "Run" }, el("h2", {}, "Run"),
      el("p", {}, "A whole run takes what is committed: new rows, functions, labels; trains, compares with the champion, and promotes what is better."),
      el("div", { class: "fields" }, button("refresh", "Run", true)),
      el("details", { class: "small" }, el("summary", {}, "Settings of this run only"), field("KEY=VALUE, with spaces between", this.settings, { class: "full" })),
      el("p", {}, "Or only what an edit needs, in place, committed or not. Nothing is compared with the champion or promoted."),
      el("div", { class: "fields" }, button("labels", "Up to the labels"), button("model", "Up to the scores of a model")),
      this.problem, this.status);
  }

  async act(path, body) {
    show(this.problem);
    try {
      const now = await ask(address(this.about.name, ...path), body);
      [this.run, this.elsewhere] = [now.run, now.elsewhere];
      this.draw();
      this.follow();
    } catch (error) { show(this.problem, failed(error)); }
  }

  start(what) {
    const settings = what === "refresh" ? this.settings.value.split(/\s+/).filter(Boolean) : [];
    return this.act(["runs"], { what, settings });
  }

  get busy() { return Boolean(this.run) && ["running", "cancelling"].includes(this.run.state); }

  follow() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), this.busy ? BUSY_MS : IDLE_MS);
  }

  async look() {
    if (!this.node.isConnected) return;
    const was = this.busy;
    try {
      const now = await ask(address(this.about.name, "runs", "last"));
      [this.run, this.elsewhere] = [now.run, now.elsewhere];
      if (was && !this.busy) {
        say(`The run of ${this.about.name}: ${STATE[this.run.state].toLowerCase()}`);
        await this.load();
        await this.changes.load();
      } else this.draw();
    } catch (error) { show(this.problem, failed(error)); }
    this.follow();
  }

  draw() {
    const other = this.elsewhere && el("p", { class: "note" }, `A run of ${this.elsewhere} is under way that was not started here, such as in a terminal. One run at a time: wait until it has ended.`);
    for (const button of this.node.querySelectorAll("[data-start]")) button.disabled = this.busy || Boolean(this.elsewhere);
    show(this.status, other, this.run ? this.shown(this.run) : el("p", { class: "soft" }, "No run yet. Write at least one function, commit, and run."));
  }

  shown(run) {
    const when = run.started ? new Date(run.started).toLocaleString() : "";
    const cancel = this.busy && run.what ? el("button", { onclick: () => this.act(["runs", "cancel"], {}) }, run.state === "cancelling" ? "End it at once" : "Cancel") : null;
    return el("div", { "data-run": run.state },
      el("h3", {}, `${STATE[run.state]}${run.what ? `: ${WHAT[run.what]}` : ""}`), el("p", { class: "small soft" }, `started ${when}`),
      run.outcome.map((one) => el("p", {}, one)),
      run.error ? failed({ message: run.error }) : null,
      run.stages.length ? el("ol", { class: "stages" }, run.stages.map((one) => stage(one, run.state))) : this.busy ? el("p", { class: "soft" }, "Stages are being planned…") : null,
      cancel,
      run.lines.length ? el("details", {}, el("summary", {}, "What it printed last"), el("pre", { class: "wide small" }, run.lines.join("\n"))) : null);
  }
}

function stage(one, run) {
  const ended = !["running", "cancelling"].includes(run);
  const state = ended && one.state === "running" ? "ended" : ended && one.state === "waiting" ? "not begun" : one.state;
  return el("li", { "data-stage": one.stage, class: state === "failed" ? "bad" : state === "running" ? "now" : null }, el("strong", {}, one.stage), ` ${state}`, DOES[one.stage] ? el("span", { class: "small soft" }, ` · ${DOES[one.stage]}`) : null,
    one.error ? failed({ message: one.error }) : null);
}

function resultsCard(results, pending) {
  if (!results.length) return el("section", { class: "card", "aria-label": "Results" }, el("h2", {}, "Results"), el("p", { class: "soft" }, "None yet: they come with the first run."));
  const names = [...new Set([results[0].metric, ...results.flatMap((one) => Object.keys(one.scores))])];
  const head = (one, place) => el("th", { class: "n" }, `${place ? "The one before" : "Newest"}: ${one.version || (one.commit ? one.commit.slice(0, 7) : "in place")}${one.champion ? " ★" : ""}`);
  return el("section", { class: "card", "aria-label": "Results" }, el("h2", {}, "The newest result beside the one before"),
    el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "Of the model, on labeled rows of test"), results.map(head))),
      el("tbody", {}, names.map((name) => el("tr", {}, name === results[0].metric ? el("td", {}, el("strong", {}, name.replaceAll("_", " ")), el("span", { class: "small soft" }, " by which the gate decides")) : el("td", {}, name.replaceAll("_", " "), LOW.test(name) ? el("span", { class: "small soft" }, " lower is better") : null), results.map((one) => el("td", { class: "n" }, estimate(name, one.scores[name]))))),
        el("tr", {}, el("td", {}, "rows"), results.map((one) => el("td", { class: "n" }, number(one.rows)))),
        el("tr", {}, el("td", {}, "the gate"), results.map((one) => el("td", { class: "n" }, VERDICT[one.verdict] || "–")))))),
    el("p", { class: "small soft" }, "★ in production. Numbers in brackets are ends of intervals."),
    results[0].reasons.length && !(pending && !pending.expired) ? [el("h3", {}, "Why the gate decided so"), el("ul", {}, results[0].reasons.map((one) => el("li", {}, one)))] : null);
}

function estimate(name, score) {
  if (!score || score.score === null) return "–";
  const as = (value) => (name.endsWith("loss") ? value.toFixed(3) : percent(value));
  return score.low === null ? as(score.score) : `${as(score.score)} [${as(score.low)}, ${as(score.high)}]`;
}

function linksCard(links) {
  return el("section", { class: "card", "aria-label": "More" }, el("h2", {}, "Read more"),
    links.length ? el("ul", {}, links.map((one) => el("li", {}, el("a", { href: one.address, target: "_blank", rel: "noreferrer" }, one.title)))) : el("p", { class: "soft" }, "Reports come with the first run."),
    links.some((one) => one.title.includes("Prefect")) ? null : el("p", { class: "small soft" }, "Every whole run is kept in Prefect too; make ui (tidemill ui) shows it."));
}
