// The fields of a labeling function as a form: every kind of condition, those within others too.

import { histogram, lowOf, valuesOf } from "./chart.js";
import { choice, el, failed, field, show } from "./dom.js";

export const lines = (text) => text.split("\n").map((one) => one.trim()).filter(Boolean);
export const LIMITS = { above: "greater than", below: "less than", at_least: "at least", at_most: "at most" };
const KINDS = [
  ["Texts", { keywords: "keywords: words in the text", regex: "regex: a pattern", fuzzy: "fuzzy: words, misspelt too", lexicon: "lexicon: words with weights", length: "length: how long the text is", language: "language: what it is written in" }],
  ["Columns", { threshold: "threshold: limits of a number", member: "member: values of a column", flag: "flag: yes or no", date: "date: days and times" }],
  ["Rows that are alike", { prototype: "prototype: like the mean of examples", neighbours: "neighbours: like the nearest examples" }],
  ["Made by models, in the next run", { zero_shot: "zero_shot: a sentence for each class", model: "model: learns from few labels", prompt: "prompt: a language model is asked" }],
  ["Tables in files", { scores: "scores: numbers by another model", annotator: "annotator: labels by a person", knowledge: "knowledge: known facts" }],
  ["Several conditions", { all: "all of several", any: "any of several", not: "not: the opposite", cases: "cases: the first that holds votes" }],
];
const VOTES_ITSELF = new Set(["zero_shot", "model", "prompt", "annotator", "cases"]);
const OF_TEXTS = new Set(["keywords", "regex", "fuzzy", "lexicon", "length", "language"]);
const LEARNERS = [["linear", "linear: on what the backbone sees"], ["ngrams", "ngrams (texts)"], ["lstm", "lstm (texts)"], ["cnn", "cnn (images)"], ["gan", "gan (images)"], ["feature_gan", "feature_gan"]];
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const PRECISION = [["number", "precision", "votes have to be right in (share)", { step: "any", standard: 0.9 }], ["number", "at_least", "or, where labels are few, be sure by", { step: "any", standard: 0.8 }]];

// of each kind: widget, field, what it is called, and more
const FORMS = {
  keywords: [["words", "words", "Words, one on each line"], ["column", "column", "searched in", { standard: "text" }], ["number", "at_least", "at least so many of them", { min: 1 }], ["pick", "match", "or", { options: [["any", "any is enough"], ["all", "all are needed"]] }], ["tick", "case", "capitals matter"], ["tick", "whole_words", "whole words only", { standard: true }], ["near", "near", "near one of these words"]],
  regex: [["area", "pattern", "Pattern (regular expression)"], ["column", "column", "searched in", { standard: "text" }], ["number", "at_least", "at least so many times", { min: 1 }], ["flag", "flags", "capitals do not matter", { flag: "ignore_case" }], ["flag", "flags", "^ and $ match at each line", { flag: "multi_line" }], ["flag", "flags", "a dot matches line breaks", { flag: "dot_all" }]],
  fuzzy: [["words", "words", "Words or phrases, one on each line"], ["column", "column", "searched in", { standard: "text" }], ["number", "at_least", "alike by at least, of 100", { min: 1, max: 100, standard: 80 }]],
  lexicon: [["pairs", "weights", "Words and weights, such as good: 2, one on each line", { numbers: true }], ["file", "file", "or from a file"], ["column", "column", "searched in", { standard: "text" }], ["pick", "per", "sum", { options: [["text", "of the text"], ["word", "for each word"]] }], ["limits"]],
  length: [["pick", "unit", "counted in", { options: [["characters", "characters"], ["words", "words"], ["lines", "lines"]] }], ["column", "column", "of column", { standard: "text" }], ["limits"]],
  language: [["words", "languages", "Languages, two letters each (en, de …), one on each line"], ["words", "among", "of these candidates (fewer are told apart better)", { optional: true }], ["column", "column", "of column", { standard: "text" }]],
  threshold: [["column", "column", "number in column", { numbers: true }], ["limits"], ["chart"]],
  member: [["column", "column", "value of column"], ["words", "values", "Values, one on each line", { typed: true }], ["file", "file", "or from a file, one on each line"], ["tick", "case", "capitals matter"]],
  flag: [["column", "column", "column"], ["tick", "value", "is yes (no tick: is no)", { standard: true }]],
  date: [["column", "column", "date in column"], ["day", "after", "after"], ["day", "since", "since (with the day)"], ["day", "before", "before"], ["day", "until", "until (with the day)"], ["days", "weekdays", "on these days"], ["text", "format", "written as (ISO 8601 unless given)"]],
  scores: [["file", "file", "Table with row_id"], ["text", "column", "column of the score"], ["limits"]],
  annotator: [["column", "column", "answers in column"], ["file", "file", "of a table with row_id"], ["pairs", "votes", "Answers and the class each stands for, such as yes: spam, one on each line"]],
  knowledge: [["file", "file", "Table of facts, with the columns subject and object"], ["pick", "says", "votes where the pair", { options: [["fact", "is a known fact"], ["contradicted", "contradicts a known fact"]] }], ["text", "relation", "facts of this relation alone"], ["file", "aliases", "Table of other names"], ["tick", "symmetric", "either order is the same fact"], ["tick", "case", "capitals matter"], ["text", "subject", "column of the subject", { standard: "subject" }], ["text", "object", "column of the object", { standard: "object" }]],
  prototype: [["file", "file", "File of examples"], ["class", "of", "examples of class"], ["number", "at_least", "alike by at least (-1 to 1)", { step: "any" }], ["number", "margin", "by so much more than to other classes", { step: "any" }]],
  neighbours: [["file", "file", "File of examples"], ["class", "of", "examples of class"], ["number", "k", "of the nearest", { min: 1, standard: 5 }], ["number", "share", "a share of at least", { step: "any", standard: 0.8 }], ["number", "similarity", "alike by at least (-1 to 1)", { step: "any" }]],
  zero_shot: [["describe", "describe", ""], ["text", "model", "another model of the hub (needs a network)"], ["text", "hypothesis", "of an inference model: This text is about {}."], ["pick", "sample", "votes on", { options: [["all", "all rows"], ["uncertain", "rows without votes, or on which functions disagree"]] }], ...PRECISION],
  model: [["pick", "learner", "model", { options: LEARNERS }], ["pick", "learns_from", "learns from", { options: [["gold", "labels by people, on dev"], ["labels", "rows of which the other functions are sure"]] }], ["pick", "sample", "votes on", { options: [["all", "all rows"], ["uncertain", "rows without votes, or on which functions disagree"]] }], ...PRECISION, ["number", "sure", "sure means at least", { step: "any", standard: 0.95 }], ["number", "folds", "folds", { min: 2 }], ["number", "steps", "steps", { min: 1, standard: 600 }], ["number", "size", "pixels of an image's side", { min: 16, standard: 32 }], ["number", "seed", "seed", { min: 0, standard: 1 }]],
  prompt: [["text", "endpoint", "endpoint (named in label.endpoints of the settings)"], ["text", "model", "model"], ["area", "template", "What is asked; {text} and other columns, and {classes}, stand in braces"], ["area", "system", "What it is told first", { optional: true }], ["number", "examples", "labeled examples of each class shown", { min: 0 }], ["pick", "sample", "asked of", { options: [["all", "all rows"], ["uncertain", "rows without votes, or on which functions disagree"]] }], ["number", "rows", "rows at most", { min: 1 }], ["number", "budget", "budget", { step: "any" }], ["number", "samples", "answers for each row", { min: 1, standard: 1 }], ["number", "temperature", "temperature", { step: "any" }], ["tick", "logprobs", "use the probabilities of its words"], ["tick", "structured", "ask for JSON", { standard: true }], ["number", "max_tokens", "tokens of an answer at most", { min: 1, standard: 16 }], ["number", "seed", "seed", { min: 0, standard: 1 }], ...PRECISION],
  all: [["conditions", "of"]],
  any: [["conditions", "of"]],
  not: [["condition", "of"]],
  cases: [["cases", "of"]],
};

export const votesItself = (kind) => VOTES_ITSELF.has(kind);
export const votesOf = (about) => [...about.classes, ...about.classes.map((one) => `not ${one}`)].map((one) => [one, one]);

export function kindChoice(about, kind, onchange, within = false) {
  const fits = (one) => (about.modality === "text" || !OF_TEXTS.has(one)) && !(within && VOTES_ITSELF.has(one));
  const groups = KINDS.map(([title, kinds]) => [title, Object.entries(kinds).filter(([name]) => fits(name) || name === kind)]).filter(([, kinds]) => kinds.length);
  return field("Kind", el("select", { name: "kind", onchange: (event) => onchange(event.target.value) }, groups.map(([title, kinds]) =>
    el("optgroup", { label: title }, kinds.map(([value, text]) => el("option", { value, selected: value === kind }, text))))));
}

// change(partial, redraw): fields that a person changed, null where one goes away
export function conditionForm(about, fields, change) {
  const own = { ...fields };
  const put = (partial, redraw = false) => {
    for (const [name, value] of Object.entries(partial)) if (value === null) delete own[name]; else own[name] = value;
    change(partial, redraw);
  };
  const [blocks, small] = [[], []];
  for (const [widget, name, label, more = {}] of FORMS[fields.kind] || []) {
    const made = WIDGETS[widget]({ about, own, put, name, label, more });
    (made.wide ? blocks : small).push(made.node);
  }
  return [blocks, small.length ? el("div", { class: "fields" }, small) : null, ...(fields.kind === "threshold" ? [own.chart] : [])];
}

const short = (node) => ({ node, wide: false });
const wide = (node) => ({ node, wide: true });
const asNumber = (input) => (input.value === "" ? null : Number(input.value));

const WIDGETS = {
  text: ({ own, put, name, label, more }) => short(field(label, el("input", { name, value: own[name] ?? more.standard ?? "", oninput: (event) => put({ [name]: event.target.value === (more.standard ?? "") ? null : event.target.value }) }))),
  area: ({ own, put, name, label, more }) => wide(field(label, el("textarea", { name, rows: 3, value: own[name] ?? "", oninput: (event) => put({ [name]: event.target.value === "" && more.optional ? null : event.target.value }) }), { class: "full" })),
  words: ({ own, put, name, label, more }) => wide(field(label, el("textarea", { name, rows: Math.min(12, Math.max(more.optional ? 2 : 4, (own[name] || []).length + 2)), value: (own[name] || []).join("\n"),
    oninput: (event) => { const given = typed(lines(event.target.value), more.typed && own[name]); put({ [name]: given.length || !(more.optional || own.file) ? given : null }); } }), { class: "full" })),
  number: ({ own, put, name, label, more }) => short(field(label, el("input", { name, type: "number", step: more.step || "1", min: more.min, max: more.max, value: own[name] ?? more.standard ?? "", oninput: (event) => put({ [name]: asNumber(event.target) }) }))),
  tick: ({ own, put, name, label, more }) => short(field(label, el("input", { type: "checkbox", name, checked: own[name] ?? more.standard ?? false, onchange: (event) => put({ [name]: event.target.checked === (more.standard ?? false) ? null : event.target.checked }) }), { class: "check" })),
  flag: ({ own, put, label, more }) => short(field(label, el("input", { type: "checkbox", name: more.flag, checked: (own.flags || []).includes(more.flag), onchange: (event) => { const rest = (own.flags || []).filter((one) => one !== more.flag); const all = event.target.checked ? [...rest, more.flag] : rest; put({ flags: all.length ? all : null }); } }), { class: "check" })),
  pick: ({ own, put, name, label, more }) => short(field(label, choice(name, more.options, own[name] ?? more.options[0][0], (event) => put({ [name]: event.target.value === more.options[0][0] ? null : event.target.value })))),
  class: ({ about, own, put, name, label }) => short(field(label, choice(name, [...(own[name] ? [] : [["", "choose one"]]), ...about.classes.map((one) => [one, one])], own[name] ?? "", (event) => put({ [name]: event.target.value })))),
  column: ({ about, own, put, name, label, more }) => {
    const text = about.modality === "text" ? ["text"] : [];
    const known = [...new Set([...(more.numbers ? [] : text), ...about.columns, ...(own[name] ? [own[name]] : [])])];
    const chosen = own[name] ?? more.standard ?? "";
    return short(field(label, choice(name, [...(chosen ? [] : [["", "choose one"]]), ...known.map((one) => [one, one])], chosen, (event) => put({ [name]: event.target.value === more.standard ? null : event.target.value }, Boolean(more.numbers)))));
  },
  file: ({ own, put, name, label }) => short(field(label, el("input", { name, value: own[name] ?? "", placeholder: "beside the functions", oninput: (event) => put({ [name]: event.target.value || null }) }))),
  day: ({ own, put, name, label }) => short(field(label, el("input", { name, type: "date", value: String(own[name] ?? "").slice(0, 10), oninput: (event) => put({ [name]: event.target.value || null }) }))),
  days: ({ own, put, name, label }) => short(el("fieldset", {}, el("legend", {}, label), DAYS.map((text, place) => field(text, el("input", { type: "checkbox", checked: (own[name] || []).includes(place + 1), onchange: (event) => { const rest = (own[name] || []).filter((one) => one !== place + 1); const all = event.target.checked ? [...rest, place + 1].sort() : rest; put({ [name]: all.length ? all : null }); } }), { class: "check" })))),
  pairs: ({ own, put, name, label, more }) => wide(field(label, el("textarea", { name, rows: 4, value: Object.entries(own[name] || {}).map(([key, value]) => `${key}: ${value}`).join("\n"),
    oninput: (event) => { const pairs = lines(event.target.value).map((line) => [line.slice(0, Math.max(0, line.lastIndexOf(":"))).trim(), line.slice(line.lastIndexOf(":") + 1).trim()]).filter(([key, value]) => key && value !== ""); put({ [name]: pairs.length ? Object.fromEntries(pairs.map(([key, value]) => [key, more.numbers ? Number(value) : value])) : null }); } }), { class: "full" })),
  describe: ({ about, own, put, name }) => wide(el("div", {}, about.classes.map((one) => field(`What is said of rows of ${one}, one sentence on each line`, el("textarea", { name: `describe ${one}`, rows: 2, value: [own[name]?.[one] ?? []].flat().join("\n"),
    oninput: (event) => { const said = lines(event.target.value); const all = { ...(own[name] || {}) }; if (said.length) all[one] = said.length === 1 ? said[0] : said; else delete all[one]; put({ [name]: all }); } }), { class: "full" })))),
  near: ({ own, put, name, label }) => {
    const input = el("input", { name, value: (own[name]?.words || []).join(", "), placeholder: "separated by commas" });
    const within = el("input", { name: "within", type: "number", min: 0, max: 50, value: own[name]?.within ?? 3 });
    const set = () => { const words = input.value.split(",").map((one) => one.trim()).filter(Boolean); put({ [name]: words.length ? { words, within: Number(within.value) } : null }); };
    for (const one of [input, within]) one.addEventListener("input", set);
    return short(el("span", { class: "fields" }, field(label, input), field("words between at most", within)));
  },
  limits: ({ own, put }) => {
    own.inputs = {};
    const set = (name, value) => { put({ [name]: value }); if (own.redraw) own.redraw(); };
    const one = ([name, label]) => field(label, own.inputs[name] = el("input", { name, type: "number", step: "any", value: own[name] ?? "", oninput: (event) => set(name, asNumber(event.target)) }));
    const both = own.between ? ["between", "and"].map((label, place) => field(label, el("input", { name: `between ${place}`, type: "number", step: "any", value: own.between[place], oninput: (event) => { const next = [...own.between]; next[place] = asNumber(event.target); put({ between: next }); } }))) : null;
    return short([Object.entries(LIMITS).map(one), both].flat(2).filter(Boolean));
  },
  chart: ({ about, own, put }) => {
    own.chart = el("div", { "data-chart": "" });
    const draw = async () => {
      if (!own.column) return;
      try {
        const found = await valuesOf(about, own.column);
        const limits = Object.fromEntries(Object.keys(LIMITS).filter((name) => typeof own[name] === "number").map((name) => [name, own[name]]));
        const move = (name, value) => { own.inputs[name].value = value; put({ [name]: value }); };
        const pick = Object.keys(limits).length ? null : (bar) => { own.inputs.above.value = lowOf(found, bar); put({ above: lowOf(found, bar) }); own.redraw(); };
        if (found.kind === "number") show(own.chart, el("p", { class: "small soft" }, pick ? "Click where the limit shall be, then drag its line." : "Drag the line, or move it with the arrow keys."), histogram(about, found, { limits, move, pick }));
        else show(own.chart, el("p", { class: "small soft" }, `${own.column} is no column of numbers.`));
        if (found.rows < about.rows) setTimeout(again, 2000);
      } catch (error) { show(own.chart, failed(error)); }
    };
    own.redraw = draw;
    // a sample's distribution becomes that of all images, unless a limit is being moved
    const again = () => { if (own.chart.isConnected) { if (own.chart.contains(document.activeElement)) setTimeout(again, 2000); else draw(); } };
    if (own.column) show(own.chart, el("p", { class: "soft" }, "Measuring…"));
    draw();
    return short(null);
  },
  condition: ({ about, own, put, name }) => wide(part(about, own[name] || { kind: "" }, (next, redraw) => put({ [name]: next }, redraw), null)),
  conditions: ({ about, own, put, name }) => wide(listed(own[name] || [], (all, redraw) => put({ [name]: all }, redraw), () => ({ kind: about.modality === "text" ? "keywords" : "threshold" }), "Add a condition",
    (one, replace, remove) => part(about, one, replace, remove))),
  cases: ({ about, own, put, name }) => wide(listed(own[name] || [], (all, redraw) => put({ [name]: all }, redraw), () => ({ vote: about.classes[0], when: { kind: about.modality === "text" ? "keywords" : "threshold" } }), "Add a case",
    (one, replace, remove) => el("div", {}, field("Votes for", choice("vote", votesOf(about), one.vote, (event) => { one = { ...one, vote: event.target.value }; replace(one, false); })), part(about, one.when || { kind: "" }, (when, redraw) => { one = { ...one, when }; replace(one, redraw); }, remove)))),
};

function typed(values, before) {
  const numbers = before && before.length && before.every((one) => typeof one === "number");
  return numbers && values.every((one) => one !== "" && !Number.isNaN(Number(one))) ? values.map(Number) : values;
}

function listed(items, put, fresh, words, draw) {
  let all = [...items];
  const replace = (place) => (next, redraw) => { all = all.map((one, n) => (n === place ? next : one)); put(all, redraw); };
  const remove = (place) => () => { all = all.filter((_, n) => n !== place); put(all, true); };
  return el("div", {}, items.map((one, place) => draw(one, replace(place), items.length > 1 ? remove(place) : null)), el("button", { onclick: () => put([...all, fresh()], true) }, words));
}

function part(about, condition, replace, remove) {
  let own = { ...condition };
  const change = (partial, redraw) => {
    own = Object.fromEntries(Object.entries({ ...own, ...partial }).filter(([, value]) => value !== null));
    replace(own, redraw);
  };
  return el("fieldset", {}, el("legend", {}, "Condition"), el("div", { class: "fields" }, kindChoice(about, condition.kind, (kind) => replace({ kind }, true), true),
    remove ? el("button", { onclick: remove }, "Take it away") : null), conditionForm(about, condition, change));
}
