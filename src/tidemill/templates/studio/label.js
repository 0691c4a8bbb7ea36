// Rows labeled by hand, one after another: a key for each class, one to skip and one to take back.

import { address, ask, el, failed, field, number, picture, say, show } from "./dom.js";

const WHY = {
  uncertain: "models are unsure of this row or disagree, so its label teaches much",
  random: "drawn by chance: a share of such rows keeps scores honest",
};
const KEYS = 9;
const REMEMBERED = 50;
const ASKED_AGAIN = 5000;
const DOUBLE_CLICK = 400;
const WHO = "tidemill-who";

export async function labelPage(page, name) {
  show(page, el("p", { class: "soft" }, "Looking for rows that are worth a label…"));
  const about = await ask(address(name, "labels"));
  const labels = new Labels(page, about);
  await labels.more();
}

class Labels {
  constructor(page, about) {
    this.page = page;
    this.about = about;
    this.rows = [];
    this.batch = "";
    this.busy = false;
    this.remembered = `tidemill-label-${about.name}`;
    const { given = [], skipped = [], count = 0 } = read(sessionStorage, this.remembered) || {}; // before the page was loaded again
    Object.assign(this, { given, skipped, count });
    this.who = el("input", { type: "text", name: "who", maxlength: 32, placeholder: "such as r07; no name", value: read(localStorage, WHO) || "", onchange: () => keep(localStorage, WHO, this.who.value.trim()) });
    this.listen = (event) => this.pressed(event);
    document.addEventListener("keydown", this.listen);
  }

  async more() {
    const wanted = { batch: this.batch, skipped: this.skipped.slice(-ASKED_AGAIN), page: pageName() };
    this.wanted = wanted;
    try {
      const queue = await ask(address(this.about.name, "labels", "next"), wanted);
      if (this.wanted !== wanted) return; // another batch was chosen meanwhile
      [this.rows, this.by, this.counts] = [queue.rows, queue.by, queue.counts];
      this.draw();
    } catch (error) { show(this.page, this.head(), failed(error)); }
  }

  head() {
    const batches = [["", "all batches"], ...this.about.batches.map((one) => [one, one])];
    const options = batches.map(([value, text]) => el("option", { value, selected: value === this.batch }, text));
    const change = (event) => { this.batch = event.target.value; this.more(); };
    return el("div", {}, el("h1", {}, `Label ${this.about.name}`), el("div", { class: "fields" },
      this.about.batches.length > 1 ? field("Rows of", el("select", { onchange: change }, options)) : null,
      field("Your id, where several people label", this.who)));
  }

  draw() {
    const row = this.rows[0];
    const counts = this.counts;
    const splits = Object.entries(counts.splits).map(([split, count]) => `${number(count)} ${split}`).join(", ");
    show(this.page, this.head(),
      el("p", { class: "soft" }, `${number(this.count)} labels given on this page. ${number(counts.labels)} of ${number(counts.rows)} rows have a label (${splits}).`),
      el("progress", { max: counts.rows, value: counts.labels, "aria-label": "rows with a label" }),
      row ? this.asked(row) : this.done(),
      el("p", { class: "small soft" }, "Each label is kept with who gave it and when (the history of gold). The next run uses them: ", el("a", { href: `#/${encodeURIComponent(this.about.name)}/runs` }, "commit them and run"), "."));
    const first = this.page.querySelector(".classes button");
    if (first) first.focus({ preventScroll: true });
  }

  done() {
    const why = this.skipped.length ? `${number(this.skipped.length)} rows were skipped.` : `Every row${this.batch ? ` of ${this.batch}` : ""} has a label.`;
    return el("section", { class: "card" }, el("h2", {}, "No more rows to label"), el("p", {}, why),
      this.skipped.length ? el("button", { onclick: () => { this.skipped = []; this.remember(); this.more(); } }, "Ask the skipped rows again") : null, this.undoButton());
  }

  asked(row) {
    this.note = el("input", { type: "text", name: "note", maxlength: 2000, placeholder: "kept beside the label" });
    return el("section", { class: "card ask", "aria-label": "Row to label", "data-row": row.row_id },
      row.text === null ? picture(this.about.name, row.row_id) : el("div", { class: "text", tabindex: "0", dir: "auto" }, row.text || el("span", { class: "soft" }, "(no text)")),
      el("p", { class: "small soft" }, `${row.key} · ${row.batch} · ${WHY[row.picked] || ""}`),
      el("div", { class: "classes", role: "group", "aria-label": "Classes" }, this.about.classes.map((one, place) =>
        el("button", { onclick: (event) => this.clicked(event, one) }, place < KEYS ? el("kbd", {}, String(place + 1)) : null, one))),
      el("div", { class: "fields" },
        field("Note", this.note, { class: "grow" }),
        el("button", { onclick: () => this.skip() }, el("kbd", {}, "s"), "Skip"), this.undoButton()));
  }

  undoButton() {
    return el("button", { disabled: this.given.length === 0, onclick: () => this.undo() }, el("kbd", {}, "u"), "Undo");
  }

  pressed(event) {
    if (!this.page.isConnected) { document.removeEventListener("keydown", this.listen); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.repeat) { // a key that is held would answer rows that nobody has read; arrows scroll
      if (!/^(Arrow|Page|Tab)/.test(event.key)) event.preventDefault();
      return;
    }
    const place = Number.parseInt(event.key, 10) - 1;
    const does = { s: () => this.skip(), u: () => this.undo(), n: () => this.note && this.note.focus() }[event.key];
    if (place >= 0 && place < Math.min(KEYS, this.about.classes.length)) this.answer(this.about.classes[place]);
    else if (does) does();
    else return;
    event.preventDefault();
  }

  clicked(event, label) {
    const [time, before] = [event.timeStamp, this.clickedAt];
    if (event.detail) this.clickedAt = { time, x: event.clientX, y: event.clientY };
    const again = event.detail && before && time - before.time < DOUBLE_CLICK;
    if (again && Math.hypot(event.clientX - before.x, event.clientY - before.y) < 5) return; // the second half of a double click
    this.answer(label);
  }

  async send(work) {
    if (this.busy) return;
    this.busy = true;
    try {
      say(await work());
      this.remember();
      if (this.rows.length) this.draw(); else await this.more();
    } catch (error) { say(error.message, { stays: true }); } // as the row does, with what was written beside it
    this.busy = false;
  }

  answer(label) {
    const row = this.rows[0];
    if (!row) return undefined;
    const content = { row_id: row.row_id, label, picked: row.picked, note: this.note.value, who: this.who.value };
    return this.send(async () => {
      let said = `${row.key}: ${label}`;
      try {
        const kept = await ask(address(this.about.name, "labels"), content);
        this.counts = kept.counts;
        this.given.push({ ...row, answer: kept.answer });
        this.count += 1;
      } catch (error) {
        if (error.status !== 409) throw error;
        said = error.message;
      }
      this.rows = this.rows.filter((one) => one !== row);
      return said;
    });
  }

  undo() {
    const row = this.given.at(-1);
    if (!row) return undefined;
    return this.send(async () => {
      this.given.pop(); // whether it is there or not: another project may have been served here before
      try { this.counts = await ask(address(this.about.name, "labels", "withdraw"), { row_id: row.row_id, answer: row.answer }); } catch (error) {
        if (error.status !== 400) this.given.push(row);
        throw error;
      }
      this.count -= 1;
      this.rows.unshift(row);
      return `${row.key} is asked again`;
    });
  }

  skip() {
    const row = this.rows[0];
    if (!row || this.busy) return;
    this.skipped.push(row.row_id);
    this.remember();
    this.rows.shift();
    if (this.rows.length) this.draw(); else this.more();
  }

  remember() {
    keep(sessionStorage, this.remembered, { given: this.given.slice(-REMEMBERED), skipped: this.skipped.slice(-ASKED_AGAIN), count: this.count });
  }
}

function read(storage, name) {
  try { return JSON.parse(storage.getItem(name)); } catch { return null; }
}

function keep(storage, name, value) {
  try { storage.setItem(name, JSON.stringify(value)); } catch { storage.removeItem(name); } // texts were too long
}

function pageName() {
  const known = read(sessionStorage, "tidemill-page");
  if (known) return known;
  const made = `${Date.now()}-${Math.random()}`;
  keep(sessionStorage, "tidemill-page", made);
  return made;
}
