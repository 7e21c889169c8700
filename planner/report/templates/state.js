// What is shown and what is chosen; pure functions first, no drawing here.

const plans = data.plans.id.map((id, i) => {
  const plan = { index: i };
  for (const key of Object.keys(data.plans)) plan[key] = data.plans[key][i] ?? null;
  return plan;
});
const today = plans[0];
const byId = new Map(plans.map((plan) => [plan.id, plan]));

// Pins are told apart by letter, color and dash, never by color alone.
const PINS = [
  { letter: "A", color: "var(--pin-a)", dash: "" },
  { letter: "B", color: "var(--pin-b)", dash: "7 3" },
  { letter: "C", color: "var(--pin-c)", dash: "2 3" },
  { letter: "D", color: "var(--pin-d)", dash: "9 3 2 3" },
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

const extents = new Map(); // plans do not change, so neither do their ends
function extent(key) {
  if (!extents.has(key)) {
    const values = plans.map((plan) => plan[key]).filter((v) => !missing(v));
    extents.set(key, values.length ? [Math.min(...values), Math.max(...values)] : [0, 1]);
  }
  return extents.get(key);
}
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
