// Values of a column as bars in the colours of the classes; limits are lines that can be dragged, or moved with the arrow keys.

import { address, ask, el, failed, number, show, svg } from "./dom.js";

const [WIDTH, HEIGHT, TOP, FOOT, EDGE] = [480, 130, 12, 18, 8];
const STEPS = 100;
const BY = { label: "Colours are of the labels.", gold: "Colours are of the labels by people.", "": "" };

export async function valuesOf(about, column) {
  about.values = about.values || new Map();
  if (!about.values.has(column)) about.values.set(column, ask(address(about.name, "columns", column)));
  try {
    const found = await about.values.get(column);
    if (found.rows < about.rows) about.values.delete(column); // a sample, while all are being measured
    return found;
  } catch (error) { about.values.delete(column); throw error; }
}

// limits: name → value, as fields of a threshold have them; move(name, value) is told of each move; pick(bar) of a click on a bar
export function histogram(about, found, { limits = {}, move = null, pick = null }) {
  if (!found.bars.length) return el("p", { class: "soft" }, "No row has a value.");
  const [low, high] = [found.bars[0].low, found.bars.at(-1).high];
  const most = Math.max(...found.bars.map((one) => one.rows), 1);
  const x = (value) => EDGE + ((WIDTH - 2 * EDGE) * (value - low)) / (high - low);
  const value = (event) => {
    const box = drawing.getBoundingClientRect();
    const place = ((event.clientX - box.left) * WIDTH) / box.width;
    return rounded(Math.min(high, Math.max(low, low + ((place - EDGE) * (high - low)) / (WIDTH - 2 * EDGE))), high - low);
  };
  const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": `Distribution of ${found.column}` },
    found.bars.map((bar) => stack(about, bar, x(bar.low), x(bar.high), most, pick)),
    [low, (low + high) / 2, high].map((one, place) => svg("text", { x: x(one), y: HEIGHT - 4, "text-anchor": ["start", "middle", "end"][place] }, rounded(one, high - low))),
    Object.entries(limits).map(([name, at]) => line(name, at, { low, high, x, value, move })));
  return el("div", {}, found.about ? el("p", { class: "small" }, `${found.column}: ${found.about}.`) : null, drawing, el("p", { class: "small soft" }, `${number(found.rows - found.missing)} rows${found.rows < about.rows ? ` of a sample, while all ${number(about.rows)} are being measured` : ""}${found.missing ? `, ${number(found.missing)} without a value` : ""}. ${BY[found.by]} `, legend(about, found)));
}

function legend(about, found) {
  return found.by ? about.classes.map((one, place) => el("span", { class: `badge c${place % 6}` }, one)) : null;
}

function stack(about, bar, left, right, most, pick) {
  const scale = (HEIGHT - TOP - FOOT) / most;
  const counts = about.classes.map((name) => bar.classes[name] || 0);
  const rest = bar.rows - counts.reduce((sum, one) => sum + one, 0);
  let y = HEIGHT - FOOT;
  const parts = [...counts, rest].map((count, place) => {
    y -= count * scale;
    return count ? svg("rect", { class: place < counts.length ? `f${place % 6}` : "frest", x: left + 0.5, y, width: Math.max(1, right - left - 1), height: count * scale }) : null;
  });
  const words = `${bar.low.toPrecision(3)} to ${bar.high.toPrecision(3)}: ${bar.rows} rows`;
  const press = (event) => { if (event.type === "click" || ["Enter", " "].includes(event.key)) { event.preventDefault(); pick(bar); } };
  const whole = svg("rect", { class: "whole", x: left, y: TOP, width: Math.max(1, right - left), height: HEIGHT - TOP - FOOT });
  return svg("g", pick ? { role: "button", tabindex: "0", "aria-label": words, onclick: press, onkeydown: press } : {}, svg("title", {}, words), parts, whole);
}

function line(name, at, { low, high, x, value, move }) {
  const place = (one) => x(Math.min(high, Math.max(low, one)));
  const mark = svg("line", { class: "limit", x1: place(at), x2: place(at), y1: 2, y2: HEIGHT - FOOT });
  const grip = svg("circle", { class: "grip", cx: place(at), cy: TOP - 2, r: 7 });
  const node = svg("g", { class: "handle", role: "slider", tabindex: "0", "data-limit": name, "aria-label": `limit: ${name.replaceAll("_", " ")}`, "aria-valuemin": low, "aria-valuemax": high, "aria-valuenow": at },
    svg("rect", { class: "whole", x: place(at) - 9, y: 0, width: 18, height: HEIGHT - FOOT }), mark, grip);
  let now = at;
  const go = (next) => {
    now = next;
    for (const end of ["x1", "x2"]) mark.setAttribute(end, place(now));
    grip.setAttribute("cx", place(now));
    node.firstChild.setAttribute("x", place(now) - 9);
    node.setAttribute("aria-valuenow", now);
    move(name, now);
  };
  node.addEventListener("pointerdown", (event) => { node.setPointerCapture(event.pointerId); event.preventDefault(); node.focus(); });
  node.addEventListener("pointermove", (event) => { if (node.hasPointerCapture(event.pointerId)) go(value(event)); });
  node.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(rounded(Math.min(high, Math.max(low, now + (step * (high - low)) / STEPS)), high - low));
  });
  return node;
}

function rounded(value, range) {
  const digits = Math.max(0, 3 - Math.ceil(Math.log10(range || 1)));
  return Number(value.toFixed(Math.min(digits, 12)));
}

// the end of a bar, with no more digits than the chart tells apart
export const lowOf = (found, bar) => rounded(bar.low, found.bars.at(-1).high - found.bars[0].low);

export function valueBars(found, pick) {
  if (!found.bars.length) return el("p", { class: "soft" }, "No row has a value.");
  const most = Math.max(...found.bars.map((one) => one.rows), 1);
  const rest = found.different - found.bars.length;
  return el("div", {}, el("table", {}, found.bars.map((bar) => el("tr", {},
    el("td", { class: "name" }, el("button", { class: "link", onclick: () => pick(bar) }, bar.value)),
    el("td", {}, el("progress", { max: most, value: bar.rows, "aria-hidden": "true" })),
    el("td", { class: "n" }, number(bar.rows)),
    el("td", { class: "small soft" }, found.by ? Object.entries(bar.classes).filter(([, count]) => count).map(([name, count]) => `${name} ${number(count)}`).join(", ") : "")))),
  rest > 0 ? el("p", { class: "small soft" }, `and ${number(rest)} rarer values`) : null);
}

// The columns of a problem: one is chosen, and a click on a bar begins a function that asks for it.
export class Columns {
  constructor(about) {
    Object.assign(this, { about, makes: null });
    this.below = el("div", { "aria-live": "polite" });
    this.choice = el("select", { name: "shown_column", onchange: () => this.draw() }, el("option", { value: "" }, "choose one"), about.columns.map((one) => el("option", { value: one }, one)));
    this.node = about.columns.length ? el("details", {}, el("summary", {}, about.statistics.length ? "Columns and statistics of the images" : "Other columns of the rows"), el("label", {}, "Column", this.choice), this.below) : null;
  }

  async draw() {
    const column = this.choice.value;
    if (!column) { show(this.below); return; }
    show(this.below, el("p", { class: "soft" }, "Counting…"));
    try {
      const found = await valuesOf(this.about, column);
      const pick = (bar) => this.makes.ofBar(found, bar);
      const hint = el("p", { class: "small soft" }, "A click on a bar begins a function that asks for it.");
      if (this.choice.value === column) show(this.below, hint, found.kind === "number" ? histogram(this.about, found, { pick }) : valueBars(found, pick));
    } catch (error) { show(this.below, failed(error)); }
  }
}
