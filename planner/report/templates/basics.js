"use strict";
// What every page of ours stands on: its data and words, numbers as text, elements made node by node.

const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;

function fixed(value, digits) {
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value < 0 && /[1-9]/.test(text) ? "−" : "") + text;
}
const missing = (value) => value === null || value === undefined;
const money = (v) => (missing(v) ? "–" : (v < 0 ? "−" : "") + data.units.symbol + fixed(Math.abs(v), data.units.money));
const score = (v) => (missing(v) ? "–" : fixed(v, data.units.cx));
const percent = (v, digits = 0) => (missing(v) ? "–" : fixed(100 * v, digits) + "%");
const points = (v, digits = 0) => fill(words.points, { value: fixed(Math.abs(100 * v), digits) });
const count = (v) => (missing(v) ? "–" : fixed(v, Number.isInteger(v) ? 0 : 1));
const reached = (v, seconds) => (missing(v) ? "–" : seconds ? `${fixed(v, Math.abs(v) < 10 ? 1 : 0)} s` : percent(v, 1));
// None and all are said of none and all alone.
const casesOf = (v, n) => (v <= 0 ? 0 : v >= 1 ? n : Math.min(n - 1, Math.max(1, Math.round(n * v))));
const cases = (v) => (missing(v) ? "–" : `${casesOf(v, data.units.cases)} of ${data.units.cases}`);
const objective = (one, v) => (missing(v) ? "–" : one.money ? money(v) : fixed(v, 3));
const signed = (text, v) => (/[1-9]/.test(text) ? (v < 0 ? "−" : "+") + text : "±0");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (mark, key) => (key in values ? values[key] : mark));

// Elements are made node by node: text never becomes markup.
function make(space, tag, attributes, children) {
  const node = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children) if (child !== null) node.append(child);
  return node;
}
const el = (tag, attributes, ...children) => make(null, tag, attributes, children);
const svg = (tag, attributes, ...children) => make("http://www.w3.org/2000/svg", tag, attributes, children);
const show = (id, ...children) => document.getElementById(id).replaceChildren(...children);
const badge = (pin) => el("span", { class: "badge", style: `background:${pin.color}` }, pin.letter);
const unseen = (text) => el("span", { class: "hidden" }, text);
const number = (...content) => el("td", { class: "num" }, ...content);
const rowHead = (...content) => el("th", { scope: "row" }, ...content);
const smallButton = (attributes, text) => el("button", { type: "button", class: "small", ...attributes }, text);
const scrolling = (label, child) => el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, child);
