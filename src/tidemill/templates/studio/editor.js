// One function as a form and as YAML, both ways, with what it would change on the rows while it is edited.

import { address, ask, choice, el, failed, field, number, percent, say, show, voteBadge } from "./dom.js";

const WAIT = 200;
const lines = (text) => text.split("\n").map((one) => one.trim()).filter(Boolean);
const NUMBERS = { above: "greater than", below: "less than", at_least: "at least", at_most: "at most" };

export class Editor {
  constructor(about, files, place, events) {
    Object.assign(this, { about, events, changed: Boolean(place.yaml) });
    this.entry = place.entry;
    this.yamlFiles = files.filter((one) => !one.python).map((one) => one.file);
    this.file = place.file || this.yamlFiles[0] || "functions.yaml";
    const vote = JSON.stringify(about.classes[about.classes.length - 1]);
    this.text = this.entry ? this.entry.yaml : place.yaml || `name: new_function\nkind: keywords\nwords: []\nvote: ${vote}`;
    this.yaml = el("textarea", { "aria-label": "YAML of the function", spellcheck: "false", rows: Math.min(18, this.text.split("\n").length + 2), value: this.text, oninput: () => this.edited({ yaml: this.yaml.value }) });
    this.form = el("div", {});
    this.figures = el("div", { "aria-live": "polite" });
    this.problem = el("div", {});
    this.saving = el("button", { class: "main", onclick: () => this.save() }, "Save");
    this.node = el("section", { class: "card", "aria-label": "Editor" },
      el("h2", {}, this.entry ? this.entry.name : "New function"),
      el("p", { class: "small soft" }, this.entry ? `in ${this.file}` : "It is added to the end of a file: ", this.entry ? null : this.fileChoice()),
      this.form,
      el("label", { class: "full" }, "YAML, as it stands in the file", this.yaml),
      this.problem,
      el("div", { class: "fields" }, this.saving, el("button", { onclick: () => this.close() }, "Close"), el("span", { class: "small soft" }, "Save writes the file. Nothing is committed or run.")),
      this.figures);
  }

  fileChoice() {
    const names = this.yamlFiles.length ? this.yamlFiles : [this.file];
    return choice("file", names.map((one) => [one, one]), this.file, (event) => { this.file = event.target.value; this.preview({}); });
  }

  start() {
    this.node.scrollIntoView({ block: "nearest" });
    return this.preview({});
  }

  edited(change) {
    this.changed = true;
    clearTimeout(this.timer);
    this.pending = { ...(this.pending || {}), ...change, fields: { ...((this.pending || {}).fields || {}), ...(change.fields || {}) } };
    if (change.yaml !== undefined) { this.text = change.yaml; this.pending.fields = {}; }
    this.timer = setTimeout(() => this.preview(this.pending.fields), WAIT);
  }

  async preview(fields) {
    const turn = (this.turn = (this.turn || 0) + 1);
    this.pending = null;
    this.figures.setAttribute("aria-busy", "true");
    const ofForm = Object.keys(fields).length > 0;
    try {
      const answer = await ask(address(this.about.name, "preview"), { file: this.file, yaml: this.text, fields: ofForm ? fields : null, name: this.entry ? this.entry.name : null });
      if (turn !== this.turn) return;
      if (ofForm) { this.text = answer.yaml; this.yaml.value = answer.yaml; }
      if (!ofForm || "kind" in fields) this.draw(answer.fields);
      const begins = !this.entry && !this.changed;
      show(this.problem, begins ? el("p", { class: "note" }, "Enter the words and the class that they speak for.") : answer.error ? failed({ message: answer.error }) : null);
      this.saving.disabled = Boolean(answer.error);
      show(this.figures, answer.functions.map((one) => this.preview1(one, answer.functions.length > 1)));
    } catch (error) {
      if (turn === this.turn) show(this.problem, failed(error));
    }
    this.figures.setAttribute("aria-busy", "false");
  }

  draw(fields) {
    if (!fields) {
      show(this.form, el("p", { class: "small soft" }, "This function has parts that the form does not show; edit its YAML."));
      return;
    }
    const set = (name, read) => (event) => this.edited({ fields: { [name]: read(event.target) } });
    const text = (name, label) => field(label, el("input", { name, value: fields[name] ?? "", oninput: set(name, (input) => input.value) }), { class: "grow" });
    const count = (name, label) => field(label, el("input", { name, type: "number", step: fields.kind === "threshold" ? "any" : "1", min: fields.kind === "threshold" ? null : "1", value: fields[name] ?? "", oninput: set(name, (input) => (input.value === "" ? null : Number(input.value))) }));
    const tick = (name, label, standard) => field(label, el("input", { type: "checkbox", name, checked: fields[name] ?? standard, onchange: set(name, (input) => (input.checked === standard ? null : input.checked)) }), { class: "check" });
    const pick = (name, label, options, standard) => field(label, choice(name, options, fields[name] ?? standard, set(name, (input) => (input.value === standard && name !== "kind" && name !== "vote" ? null : input.value))));
    const columns = [...new Set([...this.about.columns, ...(fields.column ? [fields.column] : [])])].map((one) => [one, one]);
    const votes = this.about.classes.flatMap((one) => [[one, one]]).concat(this.about.classes.map((one) => [`not ${one}`, `not ${one}`]));
    const own = {
      keywords: () => [
        field("Words, one on each line", el("textarea", { name: "words", rows: Math.min(12, Math.max(5, (fields.words || []).length + 2)), value: (fields.words || []).join("\n"), oninput: set("words", (input) => lines(input.value)) }), { class: "full" }),
        el("div", { class: "fields" }, pick("column", "searched in", columns, "text"), count("at_least", "at least so many of them"), pick("match", "or", [["any", "any is enough"], ["all", "all are needed"]], "any"), tick("case", "capitals matter", false), tick("whole_words", "whole words only", true))],
      regex: () => [
        field("Pattern (regular expression)", el("textarea", { name: "pattern", rows: 3, value: fields.pattern ?? "", oninput: set("pattern", (input) => input.value) }), { class: "full" }),
        el("div", { class: "fields" }, pick("column", "searched in", columns, "text"), count("at_least", "at least so many times"),
          field("capitals do not matter", el("input", { type: "checkbox", name: "flags", checked: (fields.flags || []).includes("ignore_case"), onchange: set("flags", (input) => { const rest = (fields.flags || []).filter((one) => one !== "ignore_case"); const all = input.checked ? [...rest, "ignore_case"] : rest; return all.length ? all : null; }) }), { class: "check" }))],
      threshold: () => [el("div", { class: "fields" }, pick("column", "number in column", columns, ""), Object.entries(NUMBERS).map(([name, label]) => count(name, label)))],
    }[fields.kind]();
    show(this.form, el("div", { class: "fields" }, text("name", "Name"),
      pick("kind", "Kind", [["keywords", "keywords: words in the text"], ["regex", "regex: a pattern"], ["threshold", "threshold: limits of a number"]], "keywords"),
      pick("vote", "Votes for", votes, "")), own);
  }

  preview1(one, named) {
    const figure = (value, text) => el("div", { class: "figure" }, el("b", {}, value), el("span", {}, text));
    const ends = one.precision_interval;
    const { gained, lost, flipped } = one.change;
    return el("div", {}, el("h3", {}, named ? `Preview of ${one.function}` : "Preview"),
      one.failures.length ? failed({ message: `It cannot be applied: ${one.failures.join("; ")}` }) : null,
      el("div", { class: "figures" },
        figure(percent(one.coverage), `of ${number(one.rows)} rows get a vote${one.coverage_before === null ? "" : `; saved ${percent(one.coverage_before)}`}`),
        figure(ends ? percent(one.dev_correct / one.dev_votes, 0) : "–", ends ? `right on labeled rows: ${one.dev_correct} of ${one.dev_votes}, between ${percent(ends[0], 0)} and ${percent(ends[1], 0)}` : `no vote on the ${number(one.dev_rows)} labeled rows`),
        figure(number(gained.rows), "rows gained"), figure(number(lost.rows), "rows lost"), figure(number(flipped.rows), "rows with another vote")),
      [["Gained", gained], ["Lost", lost], ["Another vote", flipped]].filter(([, part]) => part.rows).map(([title, part]) => this.examples(title, part)));
  }

  examples(title, part) {
    const dev = part.dev_votes ? `; right on ${part.dev_correct} of ${part.dev_votes} labeled rows` : "";
    return el("details", { open: "" }, el("summary", {}, `${title}: ${number(part.rows)} rows${dev}`), part.examples.map((row) => el("div", { class: "row" },
      el("div", { class: "text" }, String(row.text ?? row.key ?? row.row_id)),
      row.was ? voteBadge(row.was, this.about.classes, "was ") : null, row.is ? voteBadge(row.is, this.about.classes, "now ") : null, row.gold ? voteBadge(row.gold, this.about.classes, "by a person: ") : null)));
  }

  async save() {
    clearTimeout(this.timer);
    if (this.pending) await this.preview(this.pending.fields);
    if (this.saving.disabled) return;
    const entry = this.entry;
    try {
      const saved = await ask(address(this.about.name, "functions"), { file: this.file, yaml: this.text, name: entry ? entry.name : null, began_with: entry ? entry.yaml : null });
      Object.assign(this, { entry: saved, text: saved.yaml, changed: false });
      this.yaml.value = saved.yaml;
      show(this.node.querySelector("h2"), saved.name);
      say(`Saved ${saved.name} in ${saved.file}`);
      await Promise.all([this.events.saved(), this.preview({})]);
    } catch (error) { show(this.problem, error.status === 409 ? this.conflict(error) : failed(error)); }
  }

  conflict(error) {
    const current = error.content.current;
    const take = () => { Object.assign(this.entry, { yaml: current }); this.text = current; this.yaml.value = current; this.changed = false; show(this.problem); this.preview({}); };
    const keep = () => { Object.assign(this.entry, { yaml: current }); show(this.problem); this.save(); };
    return el("div", { class: "error", role: "alert" }, el("strong", {}, error.message),
      current ? [el("p", {}, "The file has now:"), el("pre", {}, current), el("div", { class: "fields" }, el("button", { onclick: take }, "Take what the file has"), el("button", { onclick: keep }, "Replace it by mine"))] : el("p", {}, "Copy your YAML, close the editor and open the function again."));
  }

  close() {
    if (!this.changed || window.confirm("The edited function has not been saved. Leave it?")) this.events.closed();
  }
}
