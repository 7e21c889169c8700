// Limits (aspirations) and the table of all plans: sortable, paged, linked with the pictures.

const ROWS = 25;
const COLUMNS = [
  ["id", (p) => p.id],
  ["cx", (p) => score(p.cx) + (p.tie ? " ≈" : "")],
  ["cost", (p) => money(p.cost)],
  ["headroom", (p) => percent(p.headroom)],
  ["p_cx", (p) => cases(p.p_cx)],
  ["p_shortfall", (p) => cases(p.p_shortfall)],
  ["peak_fte", (p) => count(p.peak_fte)],
  ["hires", (p) => count(p.hires)],
  ...data.objectives.map((one) => [one.key, (p) => objective(one, p[one.key])]),
  ["status", (p) => proof(p)],
].filter(([key]) => key in data.plans);

function proof(plan) {
  if (plan === today) return "";
  if (plan.status === "within_gap" && missing(plan.gap)) return data.status.gap;
  if (plan.status === "within_gap") return fill(data.status.within_gap, { gap: percent(plan.gap, 1) });
  return data.status[plan.status] || plan.status || "–";
}

function sorted(list, { key, down }) {
  const order = (a, b) => {
    if (missing(a[key]) || missing(b[key])) return missing(a[key]) - missing(b[key]);
    const way = typeof a[key] === "string" ? a[key].localeCompare(b[key]) : a[key] - b[key];
    return (down ? -way : way) || a.index - b.index;
  };
  return [...list].sort(order);
}

const known = new Map(); // rows made so far, until pins change
function drawTable() {
  const fit = sorted(fitting(), state.sort);
  const pages = Math.max(1, Math.ceil(fit.length / ROWS));
  state.page = Math.min(state.page, pages - 1);
  const first = state.page * ROWS;
  const rows = fit.slice(first, first + ROWS).map((plan) => known.get(plan.id) || tableRow(plan));
  for (const row of rows) row.classList.toggle("lit", row.dataset.id === state.hover);
  show("table-body", ...(rows.length ? rows : [el("tr", {}, el("td", { colspan: COLUMNS.length + 1 }, words.none_left))]));
  const place = { first: first + 1, last: first + rows.length, n: fit.length };
  document.getElementById("page-of").textContent = fit.length ? fill(words.page_of, place) : "";
  document.getElementById("previous").disabled = state.page === 0;
  document.getElementById("next").disabled = state.page >= pages - 1;
  document.querySelectorAll("#table-head th[data-key]").forEach((th) => {
    const on = th.dataset.key === state.sort.key;
    th.setAttribute("aria-sort", on ? (state.sort.down ? "descending" : "ascending") : "none");
  });
}
function tableRow(plan) {
  const cells = COLUMNS.slice(1).map(([key, text]) => el("td", { class: key === "status" ? "proof" : "num" }, text(plan)));
  const head = rowHead(plan.id, plan.name ? el("span", { class: "name" }, plan.name) : "");
  const follow = { onpointerenter: () => setHoverRow(plan.id), onpointerleave: () => setHover(null) };
  const row = el("tr", { "data-id": plan.id, ...follow }, el("td", {}, pinButton(plan.id)), head, ...cells);
  known.set(plan.id, row);
  return row;
}
function setHoverRow(id) {
  setHover(id);
  document.getElementById("tip").hidden = true;
}
function drawHead() {
  const head = COLUMNS.map(([key]) => {
    const button = el("button", { type: "button", onclick: () => sortBy(key) }, data.measures[key === "id" ? "plan" : key]);
    return el("th", { scope: "col", "data-key": key, class: key === "id" || key === "status" ? "" : "num" }, button);
  });
  show("table-head", el("tr", {}, el("td", {}, unseen(words.pin)), ...head));
}
function sortBy(key) {
  const better = AXES[key] && AXES[key].better > 0;
  state.sort = { key, down: state.sort.key === key ? !state.sort.down : Boolean(better) };
  state.page = 0;
  drawTable();
}
function turn(by) {
  state.page += by;
  drawTable();
}

// One slider per result; at its loose end it sets no limit.
const resets = [];
function drawLimits() {
  const reset = smallButton({ id: "reset", onclick: () => resets.forEach((loosen) => loosen()) }, words.reset);
  show("limits", ...Object.keys(AXES).map(limit), reset);
  resets.forEach((loosen) => loosen());
}
function limit(key) {
  const [low, high] = extent(key);
  const { better, show: write } = AXES[key];
  const loose = better > 0 ? 0 : 100;
  const label = words["limit_" + key];
  const output = el("output", { for: `limit-${key}` });
  const input = el("input", { type: "range", id: `limit-${key}`, min: 0, max: 100, step: 1, oninput: () => set(Number(input.value)) });
  const set = (position, exact) => {
    const value = exact ?? low + ((high - low) * position) / 100;
    state.limits[key] = position === loose && exact === undefined ? null : value;
    output.textContent = write(value);
    input.setAttribute("aria-valuetext", write(value));
    state.page = 0;
    changed("limits");
  };
  const toToday = () => {
    input.value = high > low ? (100 * (today[key] - low)) / (high - low) : loose;
    set(Number(input.value), today[key]);
  };
  resets.push(() => { input.value = loose; set(loose); });
  const told = { onclick: toToday, "aria-label": `${label}: ${words.today} ${write(today[key])}` };
  const button = missing(today[key]) ? "" : smallButton(told, words.today);
  return el("div", { class: "limit" }, el("label", { for: `limit-${key}` }, label), output, input, button);
}
function drawCount() {
  const fit = fitting();
  const target = document.getElementById("count");
  if (fit.length || !candidates.length) {
    target.textContent = fill(words.count, { n: fit.length, total: candidates.length });
    return;
  }
  const { plan, misses } = nearestMiss(candidates, state.limits, ranges);
  const told = misses.map((key) => {
    const { show: write } = AXES[key];
    return `${words["limit_" + key].replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase())} ${write(state.limits[key])} (${write(plan[key])})`;
  });
  target.textContent = fill(words.nearest, { plan: reads(plan), misses: told.join(", ") });
}
function startTable() {
  drawHead();
  document.getElementById("previous").addEventListener("click", () => turn(-1));
  document.getElementById("next").addEventListener("click", () => turn(1));
  onChange((what) => {
    if (what === "limits") drawCount();
    if (what === "limits") drawTable();
    if (what === "pins") known.clear();
    if (what === "pins") refreshPins();
  });
  drawLimits();
}
// Replace each pin button in place and give the focus back, so that the keyboard keeps its position.
function refreshPins() {
  const focused = document.activeElement && document.activeElement.dataset.pin;
  const within = focused && document.activeElement.closest("#table-body, #brief, #compare-head");
  document.querySelectorAll("button[data-pin]").forEach((old) => {
    const fresh = pinButton(old.dataset.pin);
    const inside = within && within.contains(old) && old.dataset.pin === focused;
    old.replaceWith(fresh);
    if (inside) fresh.focus();
  });
}
