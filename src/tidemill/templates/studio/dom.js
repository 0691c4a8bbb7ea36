// Elements made of text, never of markup: what comes from data cannot become a tag.

const SVG = "http://www.w3.org/2000/svg";
let csrf = "";

export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) { if (value) node.addEventListener(name.slice(2), value); }
    else if (name === "value" || name === "checked" || name === "disabled" || name === "selected") node[name] = value;
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export async function ask(path, body) {
  try { return await asked(path, body); } catch (error) {
    if (error.status !== 403 || body === undefined) throw error;
    await session(); // the studio was started again: nothing is lost but the secret of the pages
    return asked(path, body);
  }
}

async function asked(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-tidemill-csrf": csrf },
  };
  let answer;
  try { answer = await fetch(path, options); } catch { throw new Error("The studio does not answer. Is it still running in the terminal?"); }
  const content = await answer.json().catch(() => ({ error: "The studio failed; the terminal says how." }));
  if (!answer.ok) throw Object.assign(new Error(content.error || `status ${answer.status}`), { status: answer.status, content });
  return content;
}

export function send(path, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (text) => reject(new Error(text));
    request.open("POST", path);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.setRequestHeader("x-tidemill-csrf", csrf);
    request.upload.onprogress = (event) => progress(event.loaded / Math.max(event.total, 1));
    request.onerror = () => fail("The studio does not answer. Is it still running in the terminal?");
    request.onload = () => {
      let content = {};
      try { content = JSON.parse(request.responseText); } catch { content = { error: "The studio failed; the terminal says how." }; }
      if (request.status === 200) resolve(content); else fail(content.error || `status ${request.status}`);
    };
    request.send(file);
  });
}

export async function session() {
  const content = await ask("/api/session");
  csrf = content.csrf;
  return content;
}

export const address = (problem, ...rest) => ["/api/problems", ...[problem, ...rest].map(encodeURIComponent)].join("/");
export const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)}%`);
export const number = (count) => Number(count).toLocaleString("en");

export function show(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return node;
}

let saying;

export function say(text, { stays = false } = {}) {
  clearTimeout(saying); // of an earlier text, which would take this one away
  show(document.getElementById("status"), text);
  if (!stays) saying = setTimeout(() => show(document.getElementById("status")), 6000);
}

export const failed = (error) => el("div", { class: "error", role: "alert" }, error.message);

export function field(text, control, attributes = {}) {
  return el("label", attributes, text, control);
}

export function choice(name, options, chosen, onchange) {
  const items = options.map(([value, text]) => el("option", { value, selected: value === chosen }, text));
  return el("select", { name, onchange }, items);
}

export const picture = (problem, row) => el("img", { class: "picture", src: address(problem, "pictures", row), alt: `image of row ${row}`, loading: "lazy" });

export function voteBadge(vote, classes, before = "", after = "") {
  const place = classes.indexOf(vote.replace(/^not /, ""));
  return el("span", { class: `badge ${place >= 0 ? `c${place % 6}` : ""}` }, `${before}${vote}${after}`);
}
