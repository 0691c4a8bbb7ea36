// A new problem from a file or a folder of images: chosen, looked at, named and made.

import { ask, el, failed, field, number, percent, say, send, show } from "./dom.js";

const ROLES = [["", "leave out"], ["text", "text"], ["label", "label"], ["meta", "metadata"], ["image", "image (path)"]];
const WAIT_MS = 300;

export async function newProblemPage(page) {
  const { files } = await ask("/api/incoming");
  show(page, el("h1", {}, "New problem"), new NewProblem(files).node);
}

class NewProblem {
  constructor(files) {
    this.place = null;
    this.roles = {};
    this.step = el("div", { "aria-live": "polite" });
    this.problem = el("div", {});
    this.table = el("div", {});
    this.taken = el("div", { "aria-live": "polite" });
    this.file = el("input", { type: "file", name: "file", accept: ".csv,.tsv,.jsonl,.ndjson,.json,.parquet,.arrow,.feather,.xlsx,.xls,.ods,.gz,.zst,.zip", onchange: () => this.upload() });
    this.path = el("input", { type: "text", name: "path", list: "incoming", maxlength: 1000, placeholder: "below data/incoming" });
    this.name = el("input", { type: "text", name: "name", maxlength: 60, placeholder: "a-z, 0-9 and _", oninput: () => this.later() });
    this.classes = el("input", { type: "text", name: "classes", maxlength: 5000, placeholder: "from the labels; or named: good, bad", oninput: () => this.later() });
    this.badRows = el("select", { name: "bad_rows", onchange: () => this.look() }, el("option", { value: "refuse" }, "refuse the file"), el("option", { value: "quarantine" }, "set them aside"));
    this.splits = el("input", { type: "checkbox", name: "ignore_splits", onchange: () => this.look() });
    this.more = el("div", {});
    this.node = el("div", {}, this.chooser(files), this.more);
  }

  chooser(files) {
    return el("section", { class: "card", "aria-label": "Data" }, el("h2", {}, "1. Data"),
      el("p", {}, "A table of rows (CSV, JSONL, Parquet, Excel …), or a ZIP archive of images whose folders are the classes."),
      el("div", { class: "fields" }, field("File on this computer", this.file)),
      el("form", { class: "fields", onsubmit: (event) => { event.preventDefault(); this.begin({ path: this.path.value.trim() }); } },
        field("Or a file or folder on the server", this.path, { class: "grow" }), el("datalist", { id: "incoming" }, files.map((one) => el("option", { value: one }))), el("button", {}, "Look at it")),
      this.step, this.problem);
  }

  async upload() {
    const file = this.file.files[0];
    if (!file) return;
    const bar = el("progress", { max: 1, value: 0, "aria-label": "uploaded" });
    show(this.step, el("p", { class: "soft" }, `Sending ${file.name} (${number(Math.ceil(file.size / 1000))} kB)…`), bar);
    show(this.problem);
    try {
      const { upload } = await send(`/api/uploads?name=${encodeURIComponent(file.name)}`, file, (share) => { bar.value = share; bar.textContent = percent(share, 0); });
      await this.begin({ upload });
    } catch (error) { show(this.step); show(this.problem, failed(error)); }
  }

  async begin(place) {
    [this.place, this.roles] = [place, {}];
    show(this.more);
    show(this.problem);
    show(this.step, el("p", { class: "soft" }, "Reading it…"));
    try {
      const found = await ask("/api/new/preview", { ...place, name: this.name.value.trim(), guess: true });
      if (found.text) this.roles[found.text] = "text";
      if (found.label) this.roles[found.label] = "label";
      show(this.step);
      this.create = el("button", { class: "main", onclick: () => this.make() }, "Create the problem");
      show(this.more, el("section", { class: "card", "aria-label": "Columns" }, el("h2", {}, "2. What it holds"), this.table),
        el("section", { class: "card", "aria-label": "Problem" }, el("h2", {}, "3. The problem"), el("div", { class: "fields" }, field("Name", this.name), field("Classes", this.classes, { class: "grow" }), field("Rows that cannot be read", this.badRows),
          found.folder ? field("Folders of splits (train, test …) are no classes", this.splits, { class: "check" }) : null), this.taken, this.create));
      this.draw(found);
    } catch (error) { show(this.step); show(this.problem, failed(error)); }
  }

  wanted() {
    const of = (role) => Object.keys(this.roles).filter((name) => this.roles[name] === role);
    const classes = this.classes.value.split(",").map((one) => one.trim()).filter(Boolean);
    return { ...this.place, name: this.name.value.trim(), text: of("text")[0] || null, label: of("label")[0] || null, image: of("image")[0] || null, meta: of("meta"), classes,
      ignore_splits: this.splits.checked, bad_rows: this.badRows.value };
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), WAIT_MS);
  }

  async look() {
    clearTimeout(this.timer);
    this.asked = (this.asked || 0) + 1;
    const mine = this.asked;
    try {
      const found = await ask("/api/new/preview", this.wanted());
      if (mine === this.asked && this.node.isConnected) this.draw(found);
    } catch (error) { if (mine === this.asked) show(this.taken, failed(error)); }
  }

  choose(column, role) {
    for (const other of Object.keys(this.roles)) if (role !== "meta" && this.roles[other] === role) delete this.roles[other];
    if (["text", "image"].includes(role)) for (const other of Object.keys(this.roles)) if (["text", "image"].includes(this.roles[other])) delete this.roles[other];
    if (role) this.roles[column] = role; else delete this.roles[column];
    this.look();
  }

  draw(found) {
    show(this.table, found.folder ? el("p", {}, "A folder of images. Its subfolders are the classes.") : this.columns(found.columns));
    show(this.taken, found.notes.map((one) => el("p", { class: "note" }, one)), found.error ? failed({ message: found.error }) : summary(found));
    this.create.disabled = Boolean(found.error);
  }

  columns(columns) {
    const select = (column) => el("select", { "aria-label": `Use of ${column.name}`, onchange: (event) => this.choose(column.name, event.target.value) },
      ROLES.map(([value, text]) => el("option", { value, selected: value === (this.roles[column.name] || "") }, text)));
    const line = (column) => el("tr", { "data-column": column.name },
      el("td", { class: "name" }, el("strong", {}, column.name)), el("td", {}, select(column)),
      el("td", {}, column.values.slice(0, 3).map((one) => el("div", { class: "small" }, one || "(empty)"))),
      el("td", { class: "n" }, number(column.different)), el("td", { class: "n" }, number(column.missing)),
      el("td", {}, column.notes.map((one) => el("div", { class: "note small" }, one))));
    return el("div", { class: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, ["Column", "Use", "First rows", "Different", "Empty", "Warnings"].map((one, place) => el("th", { class: place === 3 || place === 4 ? "n" : null }, one)))),
      el("tbody", {}, columns.map(line))));
  }

  async make() {
    this.create.disabled = true;
    const bar = el("progress", { "aria-label": "the problem is made" });
    const before = [...this.taken.childNodes];
    show(this.taken, el("p", { class: "soft" }, "Reading every row, writing settings and first functions…"), bar);
    try {
      const made = await ask("/api/new", this.wanted());
      say(`${made.name}: ${number(made.rows)} rows`);
      show(this.more, done(made));
      this.file.value = "";
    } catch (error) {
      show(this.taken, before, failed(error));
      this.create.disabled = false;
    }
  }
}

function summary(found) {
  return el("p", { "data-taken": "" }, `${number(found.rows)} rows will be taken; classes ${found.classes.join(", ")}. ${found.labels ? `${found.labels[0].toUpperCase()}${found.labels.slice(1)}.` : "No row has a label yet: label some by hand afterwards."}`);
}

function done(made) {
  return el("section", { class: "card", "aria-label": "Created" }, el("h2", {}, `${made.name} is made`),
    el("p", {}, "Nothing is computed yet. Next: ", el("a", { href: `#/${encodeURIComponent(made.name)}/runs` }, "let its functions vote"), ", then write your own."),
    el("details", {}, el("summary", {}, "What was made"), el("pre", {}, made.lines.join("\n"))));
}
