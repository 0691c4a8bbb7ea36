// Rows labeled by hand, one after another: a key for each class, one to skip and one to take back.

import { address, ask, el, failed, field, number, picture, say, show } from "./dom.js";

const WHY = {
  uncertain: "models are unsure of this row or disagree, so its label teaches much",
  random: "drawn by chance: a share of such rows keeps scores honest",
};
const KEYS = 9;

export async function labelPage(page, name) {
  show(page, el("p", { class: "soft" }, "Looking for rows that are worth a label…"));
  const about = await ask(address(name));
  const labels = new Labels(page, about);
  await labels.more();
}

class Labels {
  constructor(page, about) {
    this.page = page;
    this.about = about;
    this.rows = [];
    this.skipped = [];
    this.given = [];
    this.batch = "";
    this.busy = false;
    this.listen = (event) => this.pressed(event);
    document.addEventListener("keydown", this.listen);
    window.addEventListener("hashchange", () => document.removeEventListener("keydown", this.listen), { once: true });
  }

  async more() {
    const asked = new URLSearchParams(this.skipped.slice(-500).map((row) => ["skipped", row]));
    if (this.batch) asked.set("batch", this.batch);
    try {
      const queue = await ask(`${address(this.about.name, "labels", "next")}?${asked}`);
      [this.rows, this.by, this.counts] = [queue.rows, queue.by, queue.counts];
      this.draw();
    } catch (error) { show(this.page, this.head(), failed(error)); }
  }

  head() {
    const batches = [["", "all batches"], ...this.about.batches.map((one) => [one, one])];
    const options = batches.map(([value, text]) => el("option", { value, selected: value === this.batch }, text));
    const change = (event) => { this.batch = event.target.value; this.more(); };
    return el("div", {}, el("h1", {}, `Label ${this.about.name}`),
      this.about.batches.length > 1 ? el("div", { class: "fields" }, field("Rows of", el("select", { onchange: change }, options))) : null);
  }

  draw() {
    const row = this.rows[0];
    const counts = this.counts;
    const splits = Object.entries(counts.splits).map(([split, count]) => `${number(count)} ${split}`).join(", ");
    show(this.page, this.head(),
      el("p", { class: "soft" }, `${number(this.given.length)} labels given on this page. ${number(counts.labels)} of ${number(counts.rows)} rows have a label (${splits}).`),
      el("progress", { max: counts.rows, value: counts.labels, "aria-label": "rows with a label" }),
      row ? this.asked(row) : this.done(),
      el("p", { class: "small soft" }, "Each label is kept with who gave it and when (the history of gold). The next run uses them: ", el("a", { href: `#/${encodeURIComponent(this.about.name)}/runs` }, "commit them and run"), "."));
    const first = this.page.querySelector(".classes button");
    if (first) first.focus({ preventScroll: true });
  }

  done() {
    const why = this.skipped.length ? `${number(this.skipped.length)} rows were skipped.` : "Every row has a label.";
    return el("section", { class: "card" }, el("h2", {}, "No more rows to label"), el("p", {}, why),
      this.skipped.length ? el("button", { onclick: () => { this.skipped = []; this.more(); } }, "Ask the skipped rows again") : null, this.undoButton());
  }

  asked(row) {
    this.note = el("input", { type: "text", name: "note", maxlength: 2000, placeholder: "kept beside the label" });
    return el("section", { class: "card ask", "aria-label": "Row to label", "data-row": row.row_id },
      row.text === null ? picture(this.about.name, row.row_id) : el("div", { class: "text", tabindex: "0" }, row.text),
      el("p", { class: "small soft" }, `${row.key} · ${row.batch} · ${WHY[row.picked] || ""}`),
      el("div", { class: "classes", role: "group", "aria-label": "Classes" }, this.about.classes.map((one, place) =>
        el("button", { onclick: () => this.answer(one) }, place < KEYS ? el("kbd", {}, String(place + 1)) : null, one))),
      el("div", { class: "fields" },
        field("Note", this.note, { class: "grow" }),
        el("button", { onclick: () => this.skip() }, el("kbd", {}, "s"), "Skip"), this.undoButton()));
  }

  undoButton() {
    return el("button", { disabled: this.given.length === 0, onclick: () => this.undo() }, el("kbd", {}, "u"), "Undo");
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const place = Number.parseInt(event.key, 10) - 1;
    const does = { s: () => this.skip(), u: () => this.undo(), n: () => this.note && this.note.focus() }[event.key];
    if (place >= 0 && place < Math.min(KEYS, this.about.classes.length)) this.answer(this.about.classes[place]);
    else if (does) does();
    else return;
    event.preventDefault();
  }

  async send(what, work) {
    if (this.busy) return;
    this.busy = true;
    try { await work(); say(what); } catch (error) { say(error.message); }
    this.busy = false;
    if (this.rows.length) this.draw(); else await this.more();
  }

  answer(label) {
    const row = this.rows[0];
    if (!row) return undefined;
    return this.send(`${row.key}: ${label}`, async () => {
      this.counts = await ask(address(this.about.name, "labels"), { row_id: row.row_id, label, picked: row.picked, note: this.note.value });
      this.given.push(this.rows.shift());
    });
  }

  undo() {
    const row = this.given.at(-1);
    if (!row) return undefined;
    return this.send(`${row.key} is asked again`, async () => {
      this.counts = await ask(address(this.about.name, "labels", "withdraw"), { row_id: row.row_id });
      this.rows.unshift(this.given.pop());
    });
  }

  skip() {
    const row = this.rows[0];
    if (!row || this.busy) return;
    this.skipped.push(row.row_id);
    this.rows.shift();
    if (this.rows.length) this.draw(); else this.more();
  }
}
