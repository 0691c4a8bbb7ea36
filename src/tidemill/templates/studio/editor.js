// One function as a form and as YAML, both ways, with what it would change on the rows while it is edited.

import { address, ask, choice, el, failed, field, number, percent, picture, say, show, voteBadge } from "./dom.js";
import { conditionForm, kindChoice, lines, votesItself, votesOf } from "./form.js";

const [WAIT, GAIN_WAIT, MEASURE_WAIT] = [200, 500, 1000];
const MANY = 200000; // rows from which on those of a sample are shown before all are counted
// What is wrong with a form says nothing of files and lines.
const inWords = (error) => `Not complete yet: ${error.replace(/^.*?\.ya?ml:\d+: /, "").replace("Tuple should have at least 1 item after validation, not 0", "nothing is given")}`;

export class Editor {
  constructor(about, files, place, events) {
    Object.assign(this, { about, events, changed: Boolean(place.yaml), dirty: {} });
    this.entry = place.entry;
    this.yamlFiles = files.filter((one) => !one.python).map((one) => one.file);
    this.file = place.file || this.yamlFiles[0] || "functions.yaml";
    const vote = JSON.stringify(about.classes[about.classes.length - 1]);
    this.text = this.entry ? this.entry.yaml : place.yaml || (about.modality === "text" ? `name: new_function\nkind: keywords\nwords: []\nvote: ${vote}` : `name: new_function\nkind: threshold\ncolumn: image.mean\nvote: ${vote}`);
    this.yaml = el("textarea", { "aria-label": "YAML of the function", spellcheck: "false", rows: Math.min(18, this.text.split("\n").length + 2), value: this.text, oninput: () => this.edited({ yaml: this.yaml.value }) });
    this.written = el("label", { class: "full" }, "YAML, as it stands in the file", this.yaml);
    this.form = el("div", {});
    this.gain = el("div", { "data-gain": "" });
    this.figures = el("div", { "aria-live": "polite" });
    this.problem = el("div", {});
    this.question = el("div", {}); // stays while previews come and go
    this.saving = el("button", { class: "main", onclick: () => this.save() }, "Save");
    this.deleting = el("button", { onclick: () => this.askDelete() }, "Delete");
    this.deleting.hidden = !this.entry;
    this.node = el("section", { class: "card", "aria-label": "Editor" },
      el("h2", {}, this.entry ? this.entry.name : "New function"),
      this.entry && this.entry.comment ? el("p", { class: "small lines" }, this.entry.comment.replace(/^#+ ?/gm, "")) : null,
      el("p", { class: "small soft" }, this.entry ? `in ${this.file}` : "It is added to the end of a file: ", this.entry ? null : this.fileChoice()),
      this.form,
      this.problem,
      this.question,
      el("div", { class: "fields" }, this.saving, el("button", { onclick: () => this.close() }, "Close"), this.deleting, el("span", { class: "small soft" }, "Save writes the file. Nothing is committed or run.")),
      this.figures,
      this.written);
  }

  fileChoice() {
    const names = this.yamlFiles.length ? this.yamlFiles : [this.file];
    return choice("file", names.map((one) => [one, one]), this.file, (event) => { this.file = event.target.value; this.preview(); });
  }

  start() {
    this.node.scrollIntoView({ block: "nearest" });
    return this.preview();
  }

  title() { return this.entry ? this.entry.name : (this.fields && this.fields.name) || "the new function"; }

  words() { return this.fields && this.fields.kind === "keywords" ? this.fields.words || [] : null; }

  addWord(word) {
    const input = this.form.querySelector("textarea[name=words]");
    input.value = [...lines(input.value), word].join("\n");
    input.dispatchEvent(new Event("input"));
  }

  edited(change) {
    this.changed = true;
    show(this.question);
    clearTimeout(this.timer);
    this.byForm = change.yaml === undefined;
    if (!this.byForm) { this.text = change.yaml; this.dirty = {}; } else Object.assign(this.dirty, change.fields);
    this.redraw = this.redraw || Boolean(change.redraw);
    this.timer = setTimeout(() => this.preview(), WAIT);
  }

  // What was entered in the form is sent until an answer has it: answers that come late are left out.
  async preview() {
    clearTimeout(this.timer);
    const turn = (this.turn = (this.turn || 0) + 1);
    this.figures.setAttribute("aria-busy", "true");
    try {
      if (this.about.rows > MANY) await this.count(turn, true);
      await this.count(turn, false);
    } catch (error) {
      if (turn === this.turn) show(this.problem, failed(error));
    }
    if (turn === this.turn) this.figures.setAttribute("aria-busy", "false");
  }

  async count(turn, quick) {
    if (turn !== this.turn) return;
    const sent = { ...this.dirty };
    const ofForm = Object.keys(sent).length > 0;
    const answer = await ask(address(this.about.name, "preview"), { file: this.file, yaml: this.text, fields: ofForm ? sent : null, name: this.entry ? this.entry.name : null, quick });
    if (turn !== this.turn) return;
    for (const name of Object.keys(sent)) if (this.dirty[name] === sent[name]) delete this.dirty[name];
    if (ofForm) { this.text = this.drawn = answer.yaml; this.yaml.value = answer.yaml; }
    this.fields = answer.fields;
    const measures = answer.functions.some((one) => one.measured !== null);
    this.template = answer.template;
    if (this.text !== this.drawn || this.redraw) this.draw(answer.fields && this.withUnsent(answer.fields));
    Object.assign(this, { drawn: this.text, redraw: false });
    const begins = !this.entry && !this.changed;
    show(this.problem, begins ? el("p", { class: "note" }, this.about.modality === "text" ? "Enter the words and the class that they speak for." : "Choose what is measured, and set its limit.") : answer.error ? (this.byForm ? el("p", { class: "note", role: "alert" }, inWords(answer.error)) : failed({ message: answer.error })) : null);
    this.saving.disabled = Boolean(answer.error);
    show(this.figures, answer.functions.length > 1 ? this.several(answer.functions) : answer.functions.map((one) => this.preview1(one)), this.gain);
    clearTimeout(this.later);
    if (quick) return;
    if (measures) this.timer = setTimeout(() => this.preview(), MEASURE_WAIT);
    if (answer.functions.length && !answer.functions.some((one) => one.waits)) this.later = setTimeout(() => this.showGain(turn), GAIN_WAIT); else show(this.gain);
  }

  // A label model is fitted for this, so it comes when nothing has been entered for a while.
  async showGain(turn) {
    try {
      const { gain } = await ask(address(this.about.name, "preview", "gain"), { file: this.file, yaml: this.text, name: this.entry ? this.entry.name : null });
      if (turn !== this.turn) return;
      show(this.gain, gain ? el("p", { class: "small" }, `With the other functions it labels ${number(gain.labeled)} of ${number(gain.dev_rows)} rows that people labeled on dev, ${number(gain.right)} of them right; the last run had ${number(gain.labeled_before)}, ${number(gain.right_before)} right.`) : null);
    } catch (error) { if (turn === this.turn) show(this.gain, failed(error)); }
  }

  withUnsent(fields) {
    return Object.fromEntries(Object.entries({ ...fields, ...this.dirty }).filter(([, value]) => value !== null));
  }

  draw(fields) {
    if (!fields) {
      const why = this.template
        ? "This is a template: under “each” stand names, and each becomes a function of its own, named with it in place of the *. It has no form: change its YAML here, and the preview counts every one of its functions."
        : "This function has parts that the form does not show. Change its YAML here; the preview follows.";
      show(this.form, el("p", { class: "note" }, why));
      this.form.after(this.written); // what is edited stands above its preview
      return;
    }
    this.node.append(this.written);
    const change = (partial, redraw = false) => this.edited({ fields: partial, redraw });
    const kind = (value) => change({ kind: value, ...(votesItself(value) || fields.vote ? {} : { vote: this.about.classes.at(-1) }) }, true);
    show(this.form, el("div", { class: "fields" },
      field("Name", el("input", { name: "name", value: fields.name ?? "", oninput: (event) => change({ name: event.target.value }) }), { class: "grow" }),
      kindChoice(this.about, fields.kind, kind),
      votesItself(fields.kind) ? null : field("Votes for", choice("vote", votesOf(this.about), fields.vote ?? "", (event) => change({ vote: event.target.value })))),
    conditionForm(this.about, fields, change));
  }

  // The functions of a template: a line for each, and its examples where they are asked for.
  several(functions) {
    const head = ["Function", "rows with a vote", "right on labeled rows", "gained", "lost", "another vote"].map((text, place) => el("th", { class: place ? "n wraps" : "" }, text));
    const row = (one) => el("tr", {}, el("td", { class: "name" }, one.function),
      [percent(one.coverage), one.dev_votes ? `${one.dev_correct} of ${one.dev_votes}` : "–", ...[one.change.gained, one.change.lost, one.change.flipped].map((part) => number(part.rows))].map((text) => el("td", { class: "n" }, text)));
    return [el("h3", {}, `Preview of ${number(functions.length)} functions`),
      el("div", { class: "wide" }, el("table", {}, el("tr", {}, head), functions.map(row))),
      functions.map((one) => el("details", {}, el("summary", {}, `Examples of ${one.function}`), this.preview1(one)))];
  }

  preview1(one) {
    const figure = (value, text) => el("div", { class: "figure" }, el("b", {}, value), el("span", {}, text));
    const ends = one.precision_interval;
    const { gained, lost, flipped } = one.change;
    if (one.waits) return el("div", {}, el("h3", {}, "Preview"), el("p", { class: "note" }, "A model makes its votes for all rows at once, in the next run. Save it, start a run up to the labels, and figures come here."));
    return el("div", {}, el("h3", {}, this.template ? one.function : "Preview"),
      one.rows < one.rows_in_all ? el("p", { class: "note" }, `Counted on a sample of ${number(one.rows)} rows. `, one.measured === null ? `All ${number(one.rows_in_all)} are being counted…` : `All ${number(one.rows_in_all)} images are being measured (${percent(one.measured, 0)} done); figures of all come by themselves.`) : null,
      one.failures.length ? failed({ message: `It cannot be applied: ${one.failures.join("; ")}` }) : null,
      el("div", { class: "figures" },
        figure(percent(one.coverage), `of ${number(one.rows)} rows get a vote${one.coverage_before === null ? "" : `; saved ${percent(one.coverage_before)}`}`),
        figure(ends ? percent(one.dev_correct / one.dev_votes, 0) : "–", ends ? `right on labeled rows: ${one.dev_correct} of ${one.dev_votes}, between ${percent(ends[0], 0)} and ${percent(ends[1], 0)}` : `no vote on the ${number(one.dev_rows)} labeled rows`),
        figure(number(gained.rows), "rows gained"), figure(number(lost.rows), "rows lost"), figure(number(flipped.rows), "rows with another vote")),
      one.nearest ? el("p", { class: "small" }, `Of its rows ${percent(one.nearest_share, 0)} have a vote of ${one.nearest} too, more than of any other function.`) : null,
      [["Gained", gained], ["Lost", lost], ["Another vote", flipped]].filter(([, part]) => part.rows).map(([title, part]) => this.examples(title, part)));
  }

  examples(title, part) {
    const dev = part.dev_votes ? `; right on ${part.dev_correct} of ${part.dev_votes} labeled rows` : "";
    return el("details", { open: "" }, el("summary", {}, `${title}: ${number(part.rows)} row${part.rows === 1 ? "" : "s"}${dev}`), part.examples.map((row) => el("div", { class: "row" },
      this.about.modality === "image" ? picture(this.about.name, row.row_id) : null,
      el("div", { class: "text" }, String(row.text ?? row.key ?? row.row_id)),
      row.was ? voteBadge(row.was, this.about.classes, "was ") : null, row.is ? voteBadge(row.is, this.about.classes, "now ") : null, row.gold ? voteBadge(row.gold, this.about.classes, "by a person: ") : null)));
  }

  async save() {
    show(this.question);
    await this.preview();
    if (this.saving.disabled) return;
    const entry = this.entry;
    try {
      const saved = await ask(address(this.about.name, "functions"), { file: this.file, yaml: this.text, name: entry ? entry.name : null, began_with: entry ? entry.yaml : null });
      Object.assign(this, { entry: saved, text: saved.yaml, changed: false });
      this.deleting.hidden = false;
      this.yaml.value = saved.yaml;
      show(this.node.querySelector("h2"), saved.name);
      say(`Saved ${saved.name} in ${saved.file}`);
      await Promise.all([this.events.saved(), this.preview()]);
    } catch (error) { show(this.question, error.status === 409 ? this.conflict(error) : failed(error)); }
  }

  conflict(error) {
    const current = error.content.current;
    const take = () => { Object.assign(this.entry, { yaml: current }); this.text = current; this.yaml.value = current; this.changed = false; show(this.question); this.preview(); };
    const keep = () => { Object.assign(this.entry, { yaml: current }); show(this.question); this.save(); };
    return el("div", { class: "error", role: "alert" }, el("strong", {}, error.message),
      current ? [el("p", {}, "The file has now:"), el("pre", {}, current), el("div", { class: "fields" }, el("button", { onclick: take }, "Take what the file has"), el("button", { onclick: keep }, "Replace it by mine"))] : el("p", {}, "Copy your YAML, close the editor and open the function again."));
  }

  askDelete() {
    const name = this.entry.name;
    const several = name.includes("*") ? " All functions of this template go." : "";
    const comment = this.entry.comment ? " The comment right above it goes too." : "";
    show(this.question, el("div", { class: "note", role: "alert" }, el("p", {}, `Delete ${name} from ${this.file}?${several}${comment} Its votes are gone with the next run.`),
      el("div", { class: "fields" }, el("button", { class: "main", onclick: () => this.remove() }, `Delete ${name}`), el("button", { onclick: () => show(this.question) }, "Keep it"))));
    this.question.querySelector("button").focus();
  }

  async remove() {
    try {
      const done = await ask(address(this.about.name, "functions", "delete"), { file: this.file, name: this.entry.name, began_with: this.entry.yaml });
      say(`Deleted ${this.entry.name} from ${done.file}`);
      this.events.closed();
      await this.events.saved();
    } catch (error) { show(this.question, error.status === 409 ? this.conflict(error) : failed(error)); }
  }

  close() {
    if (!this.changed || window.confirm("The edited function has not been saved. Leave it?")) this.events.closed();
  }
}
