// Which page is shown: #/ lists the problems, #/NAME is a problem's, #/NAME/label and #/NAME/runs are pages of it;
// #/-/new makes a problem: - is the name of none.

import { Changes } from "./changes.js";
import { address, ask, el, failed, session, show } from "./dom.js";
import { Functions } from "./functions.js";
import { labelPage } from "./label.js";
import { newProblemPage } from "./newproblem.js";
import { problemsPage } from "./problems.js";
import { Rows } from "./rows.js";
import { runsPage } from "./runs.js";

async function problemPage(page, name) {
  show(page, el("p", { class: "soft" }, `Loading ${name}…`));
  const about = await ask(address(name));
  const rows = new Rows(about);
  const changes = new Changes(about);
  const functions = new Functions(about, rows, () => changes.load());
  rows.picked.makes = rows.columns.makes = functions;
  show(page, el("h1", {}, name),
    el("p", {}, el("a", { href: `#/${encodeURIComponent(name)}/label` }, "Label rows by hand"), " · ", el("a", { href: `#/${encodeURIComponent(name)}/runs` }, "Runs and versions")),
    about.voted ? null : el("p", { class: "note" }, "The functions have not voted on these rows yet. ", el("a", { href: `#/${encodeURIComponent(name)}/runs` }, "Start a run"), " and come back."),
    changes.node,
    el("div", { class: "columns" }, rows.node, functions.node));
  await rows.load();
  await functions.load();
  await changes.load();
}

async function route() {
  const page = el("div"); // what an earlier page still waits for is drawn where nobody sees it
  show(document.getElementById("page"), page);
  const [name, part] = window.location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  show(document.getElementById("crumbs"),
    name ? el("a", { href: "#/" }, "All problems") : null,
    part && name !== "-" ? [" › ", el("a", { href: `#/${encodeURIComponent(name)}` }, name)] : null);
  document.title = name && name !== "-" ? `${name} – Tidemill studio` : "Tidemill studio";
  try {
    await session();
    await (name === "-" ? newProblemPage(page) : part === "label" ? labelPage(page, name) : part === "runs" ? runsPage(page, name) : name ? problemPage(page, name) : problemsPage(page));
  } catch (error) { show(page, failed(error), el("p", {}, el("a", { href: "#/" }, "All problems"), name && name !== "-" ? [" · ", el("a", { href: `#/${encodeURIComponent(name)}/runs` }, `Runs of ${name}`)] : null)); }
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // its fragment would be taken for a page's
  document.getElementById("page").focus();
});
window.addEventListener("hashchange", route);
route();
