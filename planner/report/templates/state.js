"use strict";
// What is shown and what is chosen; pure functions first, no drawing here.

const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;
const plans = data.plans.id.map((id, i) => {
  const plan = { index: i };
  for (const key of Object.keys(data.plans)) plan[key] = data.plans[key][i] ?? null;
  return plan;
});
const today = plans[0];
const byId = new Map(plans.map((plan) => [plan.id, plan]));

// Pins are told apart by letter, color and dash, never by color alone.
const PINS = [
  { letter: "A", color: "#0060a8", dash: "" },
  { letter: "B", color: "#b34700", dash: "7 3" },
  { letter: "C", color: "#007a5a", dash: "2 3" },
  { letter: "D", color: "#8a3d7a", dash: "9 3 2 3" },
];
// An axis: which way is better (+1 up, -1 down) and how its numbers are written.
const AXES = {
  cx: { better: 1, show: (v) => score(v), delta: (v) => signed(score(Math.abs(v)), v) },
  cost: { better: -1, show: (v) => money(v), delta: (v) => signed(money(Math.abs(v)), v) },
  headroom: { better: 1, show: (v) => percent(v), delta: (v) => signed(points(v), v) },
};

const state = {
  limits: { cx: null, cost: null, headroom: null },
  pins: [], // {id, slot}, the oldest first
  sort: { key: "cost", down: false },
  page: 0,
  hover: null,
  chosen: today.id,
};
const listeners = [];
const onChange = (listener) => listeners.push(listener);
const changed = (what) => listeners.forEach((listener) => listener(what));

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
const ratioOrNumber = (v, target) => (missing(v) ? "–" : target <= 1 ? percent(v, 1) : fixed(v, 0));
const twentieth = (v) => (missing(v) ? "–" : v >= 0.995 ? "20 of 20" : `${Math.round(20 * v)} of 20`);
const signed = (text, v) => (/[1-9]/.test(text) ? (v < 0 ? "−" : "+") + text : "±0");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (mark, key) => (key in values ? values[key] : mark));

// Round ticks between two numbers.
function ticks(low, high, wanted) {
  const raw = (high - low) / Math.max(1, wanted);
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

// How far a plan misses a limit, in units of that axis' range; 0 where it keeps it.
function miss(plan, key, limits, ranges) {
  if (limits[key] === null || missing(plan[key])) return 0;
  const short = (limits[key] - plan[key]) * AXES[key].better;
  return short > 1e-9 ? short / (ranges[key] || 1) : 0;
}
const passes = (plan, limits, ranges) => Object.keys(AXES).every((key) => miss(plan, key, limits, ranges) === 0);

// The plan that misses the limits least in sum, and which limits it misses.
function nearestMiss(candidates, limits, ranges) {
  let best = null;
  for (const plan of candidates) {
    const misses = Object.keys(AXES).filter((key) => miss(plan, key, limits, ranges) > 0);
    const total = misses.reduce((sum, key) => sum + miss(plan, key, limits, ranges), 0);
    if (!best || total < best.total) best = { plan, misses, total };
  }
  return best;
}

const extent = (key) => {
  const values = plans.map((plan) => plan[key]).filter((v) => !missing(v));
  return values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
};
const ranges = Object.fromEntries(Object.keys(AXES).map((key) => [key, extent(key)[1] - extent(key)[0]]));
const candidates = plans.slice(1);
const fitting = () => candidates.filter((plan) => passes(plan, state.limits, ranges));

const pinOf = (id) => {
  const pin = state.pins.find((p) => p.id === id);
  return pin ? PINS[pin.slot] : null;
};
function togglePin(id) {
  if (id === today.id) return;
  const at = state.pins.findIndex((pin) => pin.id === id);
  if (at >= 0) {
    state.pins.splice(at, 1);
    announce(fill(words.unpinned_now, { plan: id }));
  } else {
    const oldest = state.pins.length === PINS.length ? state.pins.shift() : null;
    const taken = state.pins.map((pin) => pin.slot);
    const slot = oldest ? oldest.slot : PINS.findIndex((_, i) => !taken.includes(i));
    state.pins.push({ id, slot });
    announce(fill(words.pinned_now, { plan: id, letter: PINS[slot].letter }));
  }
  changed("pins");
}
const pinned = () => [...state.pins].sort((a, b) => a.slot - b.slot).map((pin) => byId.get(pin.id));
const announce = (text) => { document.getElementById("live").textContent = text; };
const reads = (plan) => (plan.name && plan !== today ? `${plan.name} (${plan.id})` : plan.name || plan.id);

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
function pinButton(id) {
  const pin = pinOf(id);
  return el("button", {
    type: "button",
    class: "pin",
    "data-pin": id,
    "aria-label": fill(pin ? words.unpin_plan : words.pin_plan, { plan: id }),
    "aria-pressed": pin ? "true" : "false",
    onclick: () => togglePin(id),
  }, pin ? badge(pin) : words.pin);
}
