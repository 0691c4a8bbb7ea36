// The rows of a problem: searched, filtered, and each opened to its votes.

import { Columns } from "./chart.js";
import { address, ask, choice, el, failed, field, number, percent, picture, show, voteBadge } from "./dom.js";
import { Picked } from "./picked.js";

const ALL = { text: "", how: "words", votes: "", batch: "", slice: "", label: "", function: "", order: "", page: 0 };

export class Rows {
  constructor(about) {
    this.about = about;
    this.query = { ...ALL };
    this.list = el("div", { "aria-busy": "true" });
    this.functionChoice = el("select", { onchange: (event) => this.change({ function: event.target.value }) }, el("option", { value: "" }, "any function"));
    this.chosen = el("div", {}, this.filters());
    this.picked = new Picked(about, this.list);
    this.columns = new Columns(about);
    this.node = el("section", { class: "card", "aria-label": "Rows" }, el("h2", {}, "Rows"), this.chosen, this.columns.node,
      el("p", { class: "small soft" }, about.modality === "text" ? "Select words in a text, or pick rows, to make a function of them." : "Pick rows to make a function of them."), this.list, this.picked.node);
  }

  filters() {
    const pick = (name, options) => choice(name, options, this.query[name], (event) => this.change({ [name]: event.target.value }));
    const named = (items, all) => [["", all], ...items.map((one) => [one, one])];
    const text = el("input", { type: "search", name: "text", placeholder: this.about.modality === "text" ? "such as: prize" : "part of the name of a file", oninput: (event) => this.later({ text: event.target.value }) });
    return el("div", {},
      el("div", { class: "fields" },
        field("Search", text, { class: "grow" }),
        field("search as", pick("how", [["words", "words"], ["regex", "regular expression"], ["id", "row id"]]))),
      el("div", { class: "fields" },
        field("Votes", pick("votes", [["", "all rows"], ["none", "no function votes"], ["conflict", "functions disagree"], ["model", "label and model differ"], ["person", "label and person differ"]])),
        field("Function", this.functionChoice),
        field("Label", pick("label", named(this.about.classes, "any class"))),
        field("Batch", pick("batch", named(this.about.batches, "all"))),
        this.about.slices.length ? field("Slice", pick("slice", named(this.about.slices, "all"))) : null,
        field("Order", pick("order", [["", "as they came"], ["uncertain", "least certain first"]]))));
  }

  offer(names) {
    const chosen = this.query.function;
    show(this.functionChoice, el("option", { value: "" }, "any function"), names.map((one) => el("option", { value: one, selected: one === chosen }, one)));
  }

  select(name) {
    this.functionChoice.value = name;
    this.change({ function: this.functionChoice.value });
  }

  clear() {
    Object.assign(this.query, ALL);
    show(this.chosen, this.filters());
    this.functionChoice.value = "";
    return this.load();
  }

  later(changed) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.change(changed), 250);
  }

  change(changed) {
    Object.assign(this.query, { page: 0 }, changed);
    return this.load();
  }

  async load() {
    const asked = new URLSearchParams(Object.entries(this.query).filter(([, value]) => value !== ""));
    const turn = (this.turn = (this.turn || 0) + 1);
    this.list.setAttribute("aria-busy", "true");
    try {
      const found = await ask(`${address(this.about.name, "rows")}?${asked}`);
      if (turn === this.turn) show(this.list, this.counted(found), found.rows.map((row) => this.row(row)), this.pager(found));
    } catch (error) {
      if (turn === this.turn) show(this.list, failed(error));
    }
    this.list.setAttribute("aria-busy", "false");
  }

  counted(found) {
    if (found.found) return el("p", { class: "soft" }, `${number(found.found)} of ${number(found.of)} rows`);
    if (!found.of) return el("p", { class: "note" }, "No rows have arrived yet.");
    return el("p", { class: "note" }, "No row matches all of this. ", el("button", { onclick: () => this.clear() }, "Show all rows"));
  }

  pager(found) {
    if (found.pages < 2) return null;
    const go = (page) => this.change({ page });
    return el("div", { class: "fields" },
      el("button", { disabled: found.page === 0, onclick: () => go(found.page - 1) }, "Previous"),
      el("span", {}, `page ${number(found.page + 1)} of ${number(found.pages)}`),
      el("button", { disabled: found.page + 1 >= found.pages, onclick: () => go(found.page + 1) }, "Next"));
  }

  row(row) {
    const classes = this.about.classes;
    const more = el("div", { hidden: "" });
    const node = el("article", { class: "row", "data-row": row.row_id, "data-class": row.gold || row.label || classes[classes.length - 1] });
    const toggle = el("button", { class: "link small", "aria-expanded": "false", onclick: () => this.open(row, node, more, toggle) }, "Why this label?");
    const facts = Object.entries(row.metadata).map(([name, value]) => `${name} ${value}`).join(", ");
    return show(node,
      this.about.modality === "image" ? picture(this.about.name, row.row_id) : null,
      row.parts.length === 0 ? null : el("div", { class: "text", tabindex: "0" }, row.parts.map((part) => (part.matched ? el("mark", { class: this.matchClass(row) }, part.text) : part.text))),
      el("div", { class: "small soft" }, [`row ${row.row_id.slice(0, 12)}`, `batch ${row.batch}`, `split ${row.split}`, facts].filter(Boolean).join(" · ")),
      el("div", {},
        row.label ? voteBadge(row.label, classes, "label: ", `, ${percent(row.probability, 0)} sure`) : el("span", { class: "badge" }, "no label yet"),
        row.gold ? voteBadge(row.gold, classes, "by a person: ") : null,
        el("span", { class: "small soft" }, row.votes.length ? `${row.votes.length} vote${row.votes.length > 1 ? "s" : ""} ` : "no function votes "), toggle, " ", this.picked.box(row)),
      more);
  }

  matchClass(row) {
    const vote = row.votes.find((one) => one.function === this.query.function);
    const place = vote ? this.about.classes.indexOf(vote.vote) : -1;
    return place < 0 ? null : `m${place % 6}`;
  }

  async open(row, node, more, toggle) {
    const opens = more.hasAttribute("hidden");
    toggle.setAttribute("aria-expanded", String(opens));
    node.classList.toggle("open", opens);
    if (!opens) { more.setAttribute("hidden", ""); return; }
    more.removeAttribute("hidden");
    show(more, el("p", { class: "soft" }, "Loading…"));
    try {
      const { explanation } = await ask(address(this.about.name, "rows", row.row_id));
      show(more, explanation ? this.explained(explanation) : this.unexplained(row));
    } catch (error) { show(more, failed(error)); }
  }

  unexplained(row) {
    const votes = row.votes.map((one) => el("li", {}, `${one.function}: `, voteBadge(one.vote, this.about.classes)));
    return [el("ul", {}, votes), el("p", { class: "soft" }, "How much each vote counts is known once the label model has been fitted to these functions.")];
  }

  explained(result) {
    const head = el("tr", {}, el("th", {}, "Function"), el("th", {}, "votes"), el("th", { class: "n", title: "by how much it moves the log odds of the label" }, "moves the label by"));
    const lines = result.votes.map((one) => el("tr", {}, el("td", { class: "name" }, one.function), el("td", {}, voteBadge(one.vote, this.about.classes)), el("td", { class: "n" }, `${one.log_odds > 0 ? "+" : ""}${one.log_odds.toFixed(2)}`)));
    const without = result.flips_without;
    return [
      el("p", {}, `Label ${result.label}: ${Object.entries(result.probabilities).map(([name, share]) => `${name} ${percent(share)}`).join(", ")}`),
      lines.length ? el("table", {}, head, lines) : el("p", {}, "No function votes on it; its label is what most rows have, or rows like it."),
      el("p", { class: "small" }, without ? `It would be ${without.label} without ${without.functions.join(", ")}.` : "No votes that could be taken away would change the label."),
      result.flips_if.length ? el("p", { class: "small" }, `It would change if ${result.flips_if.slice(0, 4).map((one) => `${one.function} voted ${one.vote}`).join(", or ")}.`) : null,
    ];
  }
}
