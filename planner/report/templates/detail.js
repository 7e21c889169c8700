// One plan in detail: why, channels, people per interval, promises, money, risk and what limits it.

const parts = data.details;
const axisName = (key) => (key === "cx" ? data.units.cxName : data.measures[key].toLowerCase());
const heading = (text, ...nodes) => el("section", {}, el("h3", {}, text), ...nodes);
const bullets = (lines) => el("ul", {}, ...lines.map((line) => el("li", {}, line)));
function grid(head, rows, caption) {
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, el("table", {}, el("caption", { class: "hidden" }, caption),
    el("thead", {}, el("tr", {}, ...head.map((text, i) => el("th", { scope: "col", class: i ? "num" : "" }, text === words.drawn ? el("span", { class: "hidden" }, text) : text)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell, i) => (i ? el("td", { class: "num" }, cell) : el("th", { scope: "row" }, cell))))))));
}

// Bars start at zero and stand beside their numbers: Today gray, the plan blue.
function bars(now, then, most) {
  const wide = (v) => (most > 0 ? (150 * v) / most : 0).toFixed(1);
  const drawn = [svg("rect", { y: 2, width: wide(now), height: 6, fill: "#9aa3ae" })];
  if (then !== null) drawn.push(svg("rect", { y: 10, width: wide(then), height: 6, fill: "#0060a8" }));
  return svg("svg", { class: "bars", viewBox: "0 0 150 18", "aria-hidden": "true" }, ...drawn);
}
function twoColumns(plan, labels, table, show_, caption, head) {
  const [now, then] = [table[today.id] || [], table[plan.id] || []];
  const most = Math.max(...now, ...then, 0);
  const other = plan !== today;
  const rows = labels.map((label, i) => ({ label, a: now[i] ?? 0, b: then[i] ?? 0 })).filter(({ a, b }) => a || b)
    .map(({ label, a, b }) => [label, show_(a), ...(other ? [show_(b)] : []), bars(a, other ? b : null, most)]);
  return grid([head, words.today, ...(other ? [plan.id] : []), words.drawn], rows, caption);
}

const clock = (text) => text.slice(11, 16);
const dayName = (text) => new Date(`${text.slice(0, 10)}T12:00:00Z`).toLocaleDateString("en-US", { weekday: "short", timeZone: "UTC" });
function heat(plan, change) {
  const { starts, pools, people } = parts.heat;
  const rows = people[plan.id].map((row, i) => row.map((v, t) => (change ? (v ?? 0) - (people[today.id][i][t] ?? 0) : v ?? 0)));
  const [left, top, line] = [150, 20, 22];
  const cell = Math.min(60, 830 / Math.max(1, starts.length));
  const width = left + cell * starts.length + 70;
  const desc = rows.map((row, i) => { const at = row.indexOf(Math.max(...row)); return fill(words.heat_desc, { pool: pools[i], low: count(Math.min(...row)), high: count(Math.max(...row)), peak: `${dayName(starts[at])} ${clock(starts[at])}` }); });
  const title = `${reads(plan)}: ${(change ? words.staffing_change : words.staffing).toLowerCase()}`;
  const root = svg("svg", { class: "heat", viewBox: `0 0 ${width} ${top + line * pools.length + 4}`, style: `max-width:${width}px`, role: "img", "aria-label": title }, svg("title", {}, title), svg("desc", {}, desc.join(" ")));
  starts.forEach((start, t) => {
    const newDay = t === 0 || starts[t - 1].slice(0, 10) !== start.slice(0, 10);
    const oneDay = starts[0].slice(0, 10) === starts[starts.length - 1].slice(0, 10);
    if (newDay || (oneDay && t % Math.max(1, Math.ceil(60 / cell)) === 0)) root.append(svg("text", { x: left + cell * t + 1, y: 13 }, oneDay ? clock(start) : dayName(start)));
  });
  rows.forEach((row, i) => {
    const most = Math.max(...people[today.id][i], ...people[plan.id][i], 1e-9);
    const apart = Math.max(...rows.flat().map(Math.abs), 1e-9);
    const y = top + line * i;
    root.append(svg("text", { x: left - 8, y: y + 14, "text-anchor": "end" }, pools[i].length > 21 ? pools[i].slice(0, 20) + "…" : pools[i]));
    for (let t = 0; t < row.length; ) {
      let end = t + 1; // equal neighbors of one day share a rectangle
      while (end < row.length && row[end] === row[t] && starts[end].slice(0, 10) === starts[t].slice(0, 10)) end++;
      const gap = end === row.length || starts[end].slice(0, 10) !== starts[end - 1].slice(0, 10) ? 1.2 : 0;
      const cellTitle = `${pools[i]}, ${dayName(starts[t])} ${clock(starts[t])}: ${change && row[t] > 0 ? "+" : ""}${count(row[t])}`;
      root.append(svg("rect", { x: (left + cell * t).toFixed(2), y, width: (cell * (end - t) - gap).toFixed(2), height: line - 3, fill: change ? diverging(row[t] / apart) : blues(row[t] / most) }, svg("title", {}, cellTitle)));
      t = end;
    }
    const note = change ? `${signed(count(Math.max(...row.map(Math.abs))), 1).replace("+", "±")}` : fill(words.most, { n: count(Math.max(...row)) });
    root.append(svg("text", { x: left + cell * row.length + 6, y: y + 14 }, note));
  });
  return el("figure", {}, el("figcaption", {}, title, change ? heatKey() : ""), el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, root));
}
const mixed = (to, share) => `rgb(${to.map((c) => Math.round(255 + (c - 255) * share)).join(",")})`;
const blues = (share) => (share <= 0 ? "#f0f2f5" : mixed([8, 64, 129], 0.12 + 0.88 * Math.min(1, share)));
const diverging = (share) => (share === 0 ? "#eceef1" : mixed(share < 0 ? [179, 71, 0] : [0, 96, 168], 0.2 + 0.8 * Math.min(1, Math.abs(share))));
const heatKey = () => el("span", { class: "key" }, el("i", { style: "background:#b34700" }), words.fewer, el("i", { style: "background:#0060a8" }), words.more_people);

function promiseRows(plan) {
  const own = parts.kept[plan.id] || [];
  return parts.promises.flatMap(({ name, target, atMost }, i) => {
    if (!own[i]) return [];
    const [worst, missed, n] = own[i];
    const kept = !missed ? words.kept_all : n > 1 ? fill(words.kept_some, { missed, n, what: words.periods }) : words.missed;
    const value = ratioOrNumber(worst, target);
    return [[name, (atMost ? "≤ " : "≥ ") + ratioOrNumber(target, target), n > 1 ? fill(words.worst, { value }) : value, kept]];
  });
}
function riskLines(plan) {
  const own = parts.risk[plan.id] || {};
  const twenty = (p) => Math.round(20 * p);
  const lines = [];
  if (!missing(plan.p_shortfall)) lines.push(fill(words.risk_promises, { k: twenty(plan.p_shortfall) }));
  if (!missing(plan.p_cx) && plan !== today) lines.push(fill(words.risk_cx, { k: twenty(plan.p_cx) }));
  if (!missing(own.p_efficient) && plan !== today) lines.push(fill(words.risk_efficient, { k: twenty(own.p_efficient) }));
  for (const key of Object.keys(AXES)) if (own[key] && !missing(own[key][0])) lines.push(fill(words.risk_range, { axis: axisName(key), low: AXES[key].show(own[key][0]), high: AXES[key].show(own[key][2]) }));
  return lines;
}
function costRows(plan) {
  const split = [["committed", words.committed], ["avoidable", words.avoidable]].filter(([key]) => !missing(plan[key]));
  return split.map(([key, label]) => `${label}: ${money(plan[key])}`);
}
function drawDetail() {
  const plan = byId.get(state.chosen);
  const sections = [];
  const add = (wanted, text, ...nodes) => { if (wanted) sections.push(heading(text, ...nodes)); };
  add(plan !== today || parts.why[plan.id], words.why, el("p", {}, parts.why[plan.id] || words.no_why), plan === today ? "" : el("p", { class: "quiet" }, plan.doing));
  add(parts.channels.length, words.mix, twoColumns(plan, parts.channels, parts.mix, (v) => fixed(v, 0), words.mix, words.channel), parts.moves[plan.id] ? el("p", { class: "quiet" }, words.moves) : "", parts.moves[plan.id] ? bullets(parts.moves[plan.id]) : "");
  add(parts.promises.length && parts.kept[plan.id], words.promises, grid([words.promise, words.target, words.value, words.kept], promiseRows(plan), words.promises));
  add(parts.items.length, words.costs, twoColumns(plan, parts.items, parts.costs, money, words.costs, words.item), bullets(costRows(plan)));
  add(riskLines(plan).length, words.risk, bullets(riskLines(plan)));
  add(parts.segments.names.length, words.segments, twoColumns(plan, parts.segments.names, parts.segments.cx, score, words.segments, words.segment));
  add(parts.prices[plan.id], words.prices, bullets(parts.prices[plan.id] || []));
  const maps = parts.heat.people[plan.id] ? [heat(plan, false), ...(plan === today ? [] : [heat(plan, true)])] : [el("p", {}, words.no_heat)];
  if (parts.heat.starts.length) sections.push(el("section", { class: "wide" }, el("h3", {}, words.staffing), ...maps));
  show("detail", ...sections);
}
function drawChoice() {
  const list = [today, ...candidates.filter((plan) => plan.name || pinOf(plan.id))];
  if (!list.some((plan) => plan.id === state.chosen)) state.chosen = today.id;
  show("choice", ...list.map((plan) => el("option", { value: plan.id, selected: plan.id === state.chosen }, (pinOf(plan.id) ? `${pinOf(plan.id).letter} · ` : "") + reads(plan))));
}
function startDetail() {
  const lead = data.headline.find(({ plan }) => plan && byId.has(plan));
  if (lead) state.chosen = lead.plan;
  document.getElementById("choice").addEventListener("change", (event) => { state.chosen = event.target.value; drawDetail(); });
  onChange((what) => { if (what === "pins") { drawChoice(); drawDetail(); } });
}

startCompare();
startDetail();
startScatters();
startTable();
changed("pins");
// On paper everything worth reading is open; afterwards the reader's own state comes back.
const closed = [];
addEventListener("beforeprint", () => { document.querySelectorAll("details:not([open])").forEach((part) => { closed.push(part); part.open = true; }); });
addEventListener("afterprint", () => { while (closed.length) closed.pop().open = false; });
