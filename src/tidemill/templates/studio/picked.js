// What a person has picked of the rows, words with the mouse or whole rows with their boxes, and the functions made of it.

import { address, ask, choice, el, failed, show } from "./dom.js";

const MOST_CHARACTERS = 120;

export class Picked {
  constructor(about, list) {
    Object.assign(this, { about, list, rows: new Map(), words: "", makes: null });
    this.node = el("div", { class: "picked", "aria-live": "polite", onmousedown: (event) => { if (event.target.tagName === "BUTTON") event.preventDefault(); } });
    this.listen = () => this.read();
    document.addEventListener("selectionchange", this.listen);
    window.addEventListener("hashchange", () => document.removeEventListener("selectionchange", this.listen), { once: true });
  }

  read() {
    const selection = document.getSelection();
    const ends = [selection.anchorNode, selection.focusNode].map((node) => node && (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement));
    const text = ends[0] && ends[0].closest(".text");
    const fits = text && this.list.contains(text) && ends[1] && text.contains(ends[1]);
    const words = fits ? selection.toString().replace(/\s+/g, " ").trim() : "";
    if (words === this.words) return;
    this.words = words;
    this.row = fits ? text.closest("[data-row]").dataset : null;
    this.draw();
  }

  box(row) {
    const change = (event) => {
      if (event.target.checked) this.rows.set(row.row_id, row.gold || row.label); else this.rows.delete(row.row_id);
      this.draw();
    };
    return el("label", { class: "check small" }, "pick", el("input", { type: "checkbox", name: "pick", checked: this.rows.has(row.row_id), onchange: change, "aria-label": `Pick row ${row.row_id}` }));
  }

  clear() {
    this.rows.clear();
    for (const box of this.list.querySelectorAll("input[name=pick]")) box.checked = false;
    this.draw();
  }

  draw() {
    show(this.node, this.words ? this.ofWords() : null, this.rows.size ? this.ofRows() : null);
  }

  ofWords() {
    if (this.words.length > MOST_CHARACTERS) return el("p", { class: "note" }, "Select a few words to make a function of them.");
    const open = this.makes.openWords();
    return el("div", { class: "fields" },
      el("button", { class: "main", onclick: () => this.makes.keywords(this.words, this.row.class) }, `New function of the words “${this.words}”`),
      open ? el("button", { onclick: () => this.makes.addWord(this.words) }, `Add them to ${open}`) : null);
  }

  ofRows() {
    const known = [...this.rows.values()].filter(Boolean);
    const likeliest = known.sort((a, b) => known.filter((one) => one === b).length - known.filter((one) => one === a).length)[0];
    const of = choice("of", this.about.classes.map((one) => [one, one]), likeliest || this.about.classes[0], null);
    const problem = el("div", {});
    const make = async () => {
      try {
        const made = await ask(address(this.about.name, "examples"), { of: of.value, rows: [...this.rows.keys()] });
        this.clear();
        this.makes.create(made.yaml);
      } catch (error) { show(problem, failed(error)); }
    };
    return el("div", {}, el("div", { class: "fields" }, el("span", {}, `${this.rows.size} row${this.rows.size > 1 ? "s" : ""} picked:`),
      el("button", { class: "main", onclick: make }, "New function of rows like these"), el("label", {}, "it votes for", of), el("button", { onclick: () => this.clear() }, "Pick none")), problem);
  }
}
