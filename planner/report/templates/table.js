// Limits (aspirations) and the table of all plans: sortable, paged, linked with the pictures.

const ROWS = 25;
const COLUMNS = [
  ["id", (p) => p.id], ["cx", (p) => score(p.cx) + (p.tie ? " ≈" : "")], ["cost", (p) => money(p.cost)], ["headroom", (p) => percent(p.headroom)],
  ["p_cx", (p) => twentieth(p.p_cx)], ["p_shortfall", (p) => twentieth(p.p_shortfall)], ["peak_fte", (p) => count(p.peak_fte)],
  ["hires", (p) => count(p.hires)], ["status", (p) => proof(p)],
].filter(([key]) => key in data.plans);

function proof(plan) {
  if (plan === today) return "";
  if (plan.status === "within_gap") return missing(plan.gap) ? data.status.gap : fill(data.status.within_gap, { gap: percent(plan.gap, 1) });
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

function drawTable() {
  const fit = sorted(fitting(), state.sort);
  const pages = Math.max(1, Math.ceil(fit.length / ROWS));
  state.page = Math.min(state.page, pages - 1);
  const first = state.page * ROWS;
  const rows = fit.slice(first, first + ROWS).map(tableRow);
  show("table-body", ...(rows.length ? rows : [el("tr", {}, el("td", { colspan: COLUMNS.length + 1 }, words.none_left))]));
  document.getElementById("page-of").textContent = fit.length ? fill(words.page_of, { first: first + 1, last: first + rows.length, n: fit.length }) : "";
  document.getElementById("previous").disabled = state.page === 0;
  document.getElementById("next").disabled = state.page >= pages - 1;
  document.querySelectorAll("#table-head th[data-key]").forEach((th) => {
    const on = th.dataset.key === state.sort.key;
    th.setAttribute("aria-sort", on ? (state.sort.down ? "descending" : "ascending") : "none");
  });
}
function tableRow(plan) {
  const cells = COLUMNS.map(([key, text]) => (key === "id"
    ? el("th", { scope: "row" }, plan.id, plan.name ? el("span", { class: "name" }, plan.name) : "")
    : el("td", { class: key === "status" ? "proof" : "num" }, text(plan))));
  return el("tr", { "data-id": plan.id, onpointerenter: () => setHoverRow(plan.id), onpointerleave: () => setHover(null) }, el("td", {}, pinButton(plan.id)), ...cells);
}
function setHoverRow(id) {
  setHover(id);
  document.getElementById("tip").hidden = true;
}
function drawHead() {
  const head = COLUMNS.map(([key]) => el("th", { scope: "col", "data-key": key, class: key === "id" || key === "status" ? "" : "num" },
    el("button", { type: "button", onclick: () => sortBy(key) }, data.measures[key === "id" ? "plan" : key])));
  show("table-head", el("tr", {}, el("td", {}, el("span", { class: "hidden" }, words.pin)), ...head));
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
function drawLimits() {
  const sliders = Object.keys(AXES).map((key) => {
    const [low, high] = extent(key);
    const loose = AXES[key].better > 0 ? 0 : 100;
    const value = (position) => low + ((high - low) * position) / 100;
    const output = el("output", { for: `limit-${key}` });
    const input = el("input", { type: "range", id: `limit-${key}`, min: 0, max: 100, step: 1, value: loose, oninput: () => set(Number(input.value)) });
    const set = (position, exact) => {
      state.limits[key] = position === loose && exact === undefined ? null : exact ?? value(position);
      const text = AXES[key].show(exact ?? value(position));
      output.textContent = text;
      input.setAttribute("aria-valuetext", text);
      state.page = 0;
      changed("limits");
    };
    const toToday = () => { input.value = high > low ? (100 * (today[key] - low)) / (high - low) : loose; set(Number(input.value), today[key]); };
    const button = missing(today[key]) ? "" : el("button", { type: "button", class: "small", onclick: toToday, "aria-label": `${words["limit_" + key]}: ${words.today} ${AXES[key].show(today[key])}` }, words.today);
    resets.push(() => { input.value = loose; set(loose); });
    return el("div", { class: "limit" }, el("label", { for: `limit-${key}` }, words["limit_" + key]), output, input, button);
  });
  show("limits", ...sliders, el("button", { type: "button", class: "small", id: "reset", onclick: () => resets.forEach((reset) => reset()) }, words.reset));
  resets.forEach((reset) => reset());
}
const resets = [];
function drawCount() {
  const fit = fitting();
  const target = document.getElementById("count");
  if (fit.length || !candidates.length) { target.textContent = fill(words.count, { n: fit.length, total: candidates.length }); return; }
  const { plan, misses } = nearestMiss(candidates, state.limits, ranges);
  const told = misses.map((key) => `${words["limit_" + key].toLowerCase()} ${AXES[key].show(state.limits[key])} (${AXES[key].show(plan[key])})`);
  target.textContent = fill(words.nearest, { plan: reads(plan), misses: told.join(", ") });
}
function startTable() {
  drawHead();
  document.getElementById("previous").addEventListener("click", () => turn(-1));
  document.getElementById("next").addEventListener("click", () => turn(1));
  onChange((what) => {
    if (what === "limits") drawCount();
    if (what === "limits") drawTable();
    if (what === "pins") refreshPins();
  });
  drawLimits();
}
// Replace each pin button in place and give the focus back, so that the keyboard keeps its position.
function refreshPins() {
  const focused = document.activeElement && document.activeElement.dataset.pin;
  const within = focused && document.activeElement.closest("#table-body, .cards, #compare-head");
  document.querySelectorAll("button[data-pin]").forEach((old) => {
    const fresh = pinButton(old.dataset.pin);
    const inside = within && within.contains(old) && old.dataset.pin === focused;
    old.replaceWith(fresh);
    if (inside) fresh.focus();
  });
}
