// The first page: each problem with its champion, the scores of its versions, the last drift decision and what waits.

import { ask, el, failed, number, percent, show, svg } from "./dom.js";

const DRIFT = {
  train: "the first model is to be trained", nothing: "nothing to do", retrain: "train a new model", relabel: "functions or labels are needed",
  reestimate_balance: "estimate the shares of the classes again", ask: "a person has to decide", stop: "stop: new batches must not be used as they are",
};

export async function problemsPage(page) {
  show(page, el("p", { class: "soft" }, "Loading the problems…"));
  const problems = await ask("/api/problems");
  show(page, el("h1", {}, "Problems"), problems.length ? el("p", {}, el("a", { href: "#/-/new" }, "New problem")) : null, problems.length ? problems.map(card) : empty());
}

function empty() {
  return el("section", { class: "card" },
    el("h2", {}, "No problem yet"),
    el("p", {}, "A problem is a question asked of every row, such as: is this message spam? It begins with a table of texts (CSV, JSONL, Parquet, Excel) or a folder of images."),
    el("p", {}, el("a", { href: "#/-/new" }, "New problem")));
}

function card(problem) {
  const head = el("h2", {}, el("a", { href: `#/${encodeURIComponent(problem.name)}` }, problem.name));
  if (problem.error) return el("section", { class: "card" }, head, failed({ message: problem.error }));
  const champion = problem.versions.find((one) => one.champion);
  return el("section", { class: "card" }, head,
    el("p", { class: "soft" }, `${number(problem.rows)} ${problem.modality} rows in ${number(problem.batches)} batch${problem.batches === 1 ? "" : "es"}; classes ${problem.classes.join(", ")}`),
    el("p", {}, el("strong", {}, "In production: "), champion ? version(champion) : "no model yet"),
    timeline(problem.versions.filter((one) => one.score && one.score.score !== null)),
    el("p", {}, el("strong", {}, "Last drift decision: "), problem.drift ? DRIFT[problem.drift] || problem.drift : "new batches were never looked at"),
    problem.drift_reasons.length ? el("ul", {}, problem.drift_reasons.map((one) => el("li", {}, one))) : null,
    el("h3", {}, "Waiting for a person"),
    problem.waiting.length ? el("ul", {}, problem.waiting.map((one) => el("li", {}, one))) : el("p", { class: "soft" }, "Nothing."),
    el("p", {}, el("a", { href: `#/${encodeURIComponent(problem.name)}` }, "Open its functions and rows"), " · ", el("a", { href: `#/${encodeURIComponent(problem.name)}/runs` }, "Runs and versions")));
}

function version(one) {
  const score = one.score;
  if (!score || score.score === null) return `${one.version}, without scores`;
  const ends = score.low === null ? "" : ` (interval ${percent(score.low)} to ${percent(score.high)})`;
  return `${one.version}, ${one.metric.replaceAll("_", " ")} ${percent(score.score)}${ends}`;
}

function timeline(versions) {
  if (!versions.length) return null;
  const ends = versions.flatMap(({ score }) => [score.score, score.low, score.high]).filter((one) => one !== null);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const y = (value) => (high > low ? 90 - (80 * (value - low)) / (high - low) : 50);
  const x = (place) => 60 + (place + 0.5) * (480 / versions.length);
  return svg("svg", { class: "time", viewBox: "0 0 560 120", role: "img", "aria-label": `Scores of the versions: ${versions.map(version).join("; ")}` },
    [...new Set([low, high])].map((value) => [svg("line", { class: "axis", x1: 52, x2: 556, y1: y(value), y2: y(value) }), svg("text", { x: 4, y: y(value) + 4 }, percent(value))]),
    versions.map((one, place) => [
      one.score.low === null ? null : svg("line", { class: "bar", x1: x(place), x2: x(place), y1: y(one.score.low), y2: y(one.score.high) }),
      svg("circle", { class: "dot", cx: x(place), cy: y(one.score.score), r: one.champion ? 7 : 4 }, svg("title", {}, version(one))),
      svg("text", { x: x(place), y: 114, "text-anchor": "middle" }, one.champion ? `${one.version} ★` : one.version),
    ]));
}
