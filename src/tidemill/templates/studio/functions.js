// The functions of a problem: the analysis table, and the editor of one of them.

import { address, ask, el, failed, number, percent, show } from "./dom.js";
import { lowOf } from "./chart.js";
import { Editor } from "./editor.js";

const COLUMNS = [
  ["function", "function", "its name; click it to edit and to mark what it matches"],
  ["coverage", "coverage", "share of rows on which it votes"],
  ["overlaps", "overlaps", "share of rows on which it and another vote"],
  ["conflicts", "conflicts", "share of rows on which another contradicts it"],
  ["dev_accuracy", "right on dev", "its right votes of its votes on rows that people labeled"],
  ["learned_accuracy", "learned accuracy", "how often the label model believes it is right"],
];

// whether an entry is the function of that name, or the template that it is made by
const makes = (entry, name) => entry === name || (entry.includes("*") && name.startsWith(entry.split("*")[0]) && name.endsWith(entry.split("*").slice(-1)[0]));

export class Functions {
  constructor(about, rows, saved) {
    Object.assign(this, { about, rows, saved, sort: ["function", 1], chosen: null });
    this.list = el("div", {}, el("p", { class: "soft" }, "Loading the functions…"));
    this.editing = el("div", {});
    this.offers = el("div", { "aria-live": "polite" });
    this.starting = [el("button", { class: "main", disabled: true, onclick: () => this.create() }, "New function"), el("button", { disabled: true, onclick: () => this.suggest() }, "Suggest functions")];
    this.node = el("div", {}, this.editing, el("section", { class: "card", "aria-label": "Functions" }, el("h2", {}, "Functions"),
      el("div", { class: "fields" }, this.starting), this.offers, this.list));
  }

  async load() {
    try {
      const { table, files } = await ask(address(this.about.name, "functions"));
      Object.assign(this, { table, files });
      for (const button of this.starting) button.disabled = false;
      this.rows.offer(table ? table.functions.map((one) => one.function) : []);
      this.draw();
    } catch (error) { show(this.list, failed(error)); }
  }

  draw() {
    const errors = this.files.filter((one) => one.error).map((one) => failed({ message: one.error }));
    show(this.list, errors, this.table ? this.analysis() : this.unvoted());
  }

  unvoted() {
    const names = this.files.flatMap((file) => file.functions.map((one) => el("li", {}, this.opener(one.name))));
    return [
      el("p", { class: "note" }, names.length ? "These functions have not voted on the rows yet: start a run, which the link above leads to." : "There is no function yet. Make one with New function: say which words or pattern speak for a class."),
      el("ul", {}, names),
    ];
  }

  analysis() {
    const [key, down] = this.sort;
    const value = (one) => (one[key] === null || one[key] === undefined ? -Infinity : one[key]);
    const lines = [...this.table.functions].sort((a, b) => down * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
    const unvoted = this.files.flatMap((file) => file.functions).filter((one) => one.name && !lines.some((line) => makes(one.name, line.function)));
    const head = COLUMNS.map(([name, text, hint], place) => el("th", { class: place ? "n" : "", "aria-sort": name !== key ? "none" : down > 0 ? "ascending" : "descending" },
      el("button", { title: hint, onclick: () => this.sortBy(name) }, `${text}${name === key ? (down > 0 ? " ▲" : " ▼") : ""}`)));
    return [
      el("p", { class: "soft" }, `${lines.length} functions vote on ${percent(this.table.coverage)} of ${number(this.table.rows)} rows and contradict each other on ${percent(this.table.conflict)}. Figures are of the last run.`),
      unvoted.length ? el("p", { class: "note" }, "Saved and not run yet: ", unvoted.map((one, place) => [place ? ", " : "", this.opener(one.name)])) : null,
      el("div", { class: "wide" }, el("table", {}, el("tr", {}, head), lines.map((one) => this.line(one)))),
      this.table.generated_sentences.length ? [el("h3", {}, "Generated votes"), el("ul", { class: "small" }, this.table.generated_sentences.map((said) => el("li", {}, said)))] : null,
      el("details", { class: "small" }, el("summary", {}, "What the columns mean"), el("ul", {}, COLUMNS.map(([, text, hint]) => el("li", {}, `${text}: ${hint}`)))),
    ];
  }

  line(one) {
    const dev = one.dev_correct + one.dev_incorrect;
    const ends = one.learned_interval;
    return el("tr", { class: one.function === this.chosen ? "chosen" : "" }, el("td", { class: "name" }, this.opener(one.function), el("div", { class: "small soft" }, one.votes.length ? `votes ${one.votes.join(", ")}` : "does not vote on any of these rows")),
      [percent(one.coverage), percent(one.overlaps), percent(one.conflicts), dev ? `${one.dev_correct} of ${dev}` : "–",
        one.learned_accuracy === null ? "–" : `${percent(one.learned_accuracy, 0)}${ends ? ` [${(100 * ends[0]).toFixed(0)}–${(100 * ends[1]).toFixed(0)}]` : ""}`].map((text) => el("td", { class: "n" }, text)));
  }

  opener(name) {
    return el("button", { class: "link", onclick: () => this.select(name) }, name);
  }

  sortBy(name) {
    this.sort = [name, this.sort[0] === name ? -this.sort[1] : name === "function" ? 1 : -1];
    this.draw();
  }

  select(name) {
    if (!this.leaves()) return;
    this.chosen = name;
    this.rows.select(name);
    this.edit(name);
    this.draw();
  }

  async suggest() {
    show(this.offers, el("p", { class: "soft" }, "Looking for functions that vote where none does, or where they disagree…"));
    try {
      const { rows, functions } = await ask(address(this.about.name, "suggestions"));
      const none = el("p", { class: "note" }, "Nothing adds a vote that labeled rows speak for.");
      show(this.offers, el("h3", {}, "Suggestions"), el("p", { class: "small soft" }, `Counted on ${number(rows)} rows; right votes are those on rows of dev that people labeled.`),
        functions.length ? functions.map((one) => this.offer(one)) : none, el("button", { onclick: () => show(this.offers) }, "Hide suggestions"));
    } catch (error) { show(this.offers, failed(error)); }
  }

  offer(one) {
    return el("div", { class: "row" }, el("pre", {}, one.yaml),
      el("p", { class: "small" }, `adds votes on ${number(one.adds)} rows; right on ${one.dev_correct} of ${one.dev_votes} labeled rows, so at least ${percent(one.precision_at_least, 0)}; from ${one.source}`),
      el("ul", { class: "small" }, one.examples.map((row) => el("li", {}, row))),
      el("button", { onclick: () => this.create(one.yaml) }, "Open in the editor"));
  }

  async create(yaml = null) {
    if (!this.files) await this.load();
    if (!this.files || !this.leaves()) return;
    this.chosen = null;
    this.rows.select("");
    this.edit(null, yaml);
    if (this.table) this.draw();
  }

  keywords(words, vote) {
    const name = this.free(`says_${words.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 40) || "this"}`);
    this.create(`name: ${name}\nkind: keywords\nwords: [${JSON.stringify(words)}]\nvote: ${JSON.stringify(vote)}`);
  }

  free(name) {
    const taken = new Set((this.files || []).flatMap((file) => file.functions.map((one) => one.name)));
    for (let number = 1; ; number += 1) {
      const wanted = number === 1 ? name : `${name}_${number}`;
      if (!taken.has(wanted)) return wanted;
    }
  }

  ofBar(found, bar) {
    const vote = Object.entries(bar.classes).sort(([, a], [, b]) => b - a)[0][0];
    const plain = (text) => String(text).toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 30);
    const name = this.free(`${plain(found.column)}_${plain(bar.value ?? lowOf(found, bar)) || "is_so"}`);
    const [first, last] = [found.bars[0], found.bars.at(-1)].map((one) => one === bar);
    const limits = found.kind !== "number" ? "" : [first && !last ? null : `at_least: ${lowOf(found, bar)}`, last ? null : `below: ${lowOf(found, { low: bar.high })}`].filter(Boolean).join("\n");
    const what = { value: ["member", `values: [${JSON.stringify(bar.value)}]`], flag: ["flag", `value: ${bar.value}`], number: ["threshold", limits] }[found.kind];
    this.create(`name: ${name}\nkind: ${what[0]}\ncolumn: ${JSON.stringify(found.column)}\n${what[1]}\nvote: ${JSON.stringify(vote)}`);
  }

  openWords() { return this.editor && this.editor.words() ? this.editor.title() : null; }

  addWord(word) { this.editor.addWord(word); }

  leaves() {
    return !this.editor || !this.editor.changed || window.confirm("The edited function has not been saved. Leave it?");
  }

  edit(name, yaml = null) {
    const place = name === null ? { file: null, entry: null, yaml } : this.find(name);
    this.editor = null;
    if (!place) {
      show(this.editing, el("section", { class: "card" }, el("h2", {}, name), el("p", { class: "note" }, "It is written in Python; edit it in its file.")));
      return;
    }
    this.editor = new Editor(this.about, this.files, place, { saved: () => Promise.all([this.load(), this.saved()]), closed: () => { this.editor = null; show(this.editing); } });
    show(this.editing, this.editor.node);
    this.editor.start();
  }

  find(name) {
    const known = this.files.flatMap((file) => file.functions.filter((one) => one.yaml && makes(one.name, name)).map((entry) => ({ file: file.file, entry })));
    return known.find((one) => one.entry.name === name) || known[0];
  }
}
