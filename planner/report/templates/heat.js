// People per pool and interval as a map: each row on its own scale, or the change against Today on one.

const LEFT = 150; // room for the names of pools
const TOP = 20;
const LINE = 22;
const clock = (text) => text.slice(11, 16);
const sameDay = (a, b) => a.slice(0, 10) === b.slice(0, 10);
function dayName(text) {
  const noon = new Date(`${text.slice(0, 10)}T12:00:00Z`);
  return noon.toLocaleDateString("en-US", { weekday: "short", timeZone: "UTC" });
}
const mixed = (to, share) => `rgb(${to.map((c) => Math.round(255 + (c - 255) * share)).join(",")})`;
const blues = (share) => (share <= 0 ? "#f0f2f5" : mixed([8, 64, 129], 0.12 + 0.88 * Math.min(1, share)));
function diverging(share) {
  if (share === 0) return "#eceef1";
  return mixed(share < 0 ? [179, 71, 0] : [0, 96, 168], 0.2 + 0.8 * Math.min(1, Math.abs(share)));
}
function heatKey(low, high) {
  const patch = (color) => el("i", { style: `background:${color}` });
  return el("span", { class: "key" }, patch("#b34700"), low, patch("#0060a8"), high);
}

// The maps of a plan, the first one open: what is drawn, its color, and whether it is a change.
const MAPS = ["people", "change", "needed", "service"];
const lacking = (percent) => (missing(percent) ? "none" : diverging(Math.max(-1, Math.min(1, (percent - 80) / 20))));

// Whole numbers of a row as they are mailed: their width, then each in base 36, "-" where there is none.
function numbersOf(row) {
  if (typeof row !== "string") return row;
  const told = row.slice(1).match(new RegExp(`.{${row[0]}}`, "g")) || [];
  return told.map((text) => (text.endsWith("-") ? null : parseInt(text, 36)));
}
const mapOf = (kind, plan) => parts.heat[kind][plan.id].map(numbersOf);

function heatRows(plan, kind) {
  if (kind !== "change") return mapOf(kind, plan);
  const before = mapOf("people", today);
  return mapOf("people", plan).map((row, i) => row.map((v, t) => v - before[i][t]));
}
function heat(plan, kind) {
  const { starts, pools, source } = parts.heat;
  const people = [mapOf("people", today), mapOf("people", plan)];
  const rows = heatRows(plan, kind);
  const cell = Math.min(60, 830 / Math.max(1, starts.length));
  const width = LEFT + cell * starts.length + 70;
  const title = fill(words.maps[kind], { plan: reads(plan), source: source[plan.id] || "" });
  const size = { viewBox: `0 0 ${width} ${TOP + LINE * pools.length + 4}`, style: `max-width:${width}px` };
  const root = svg("svg", { class: "heat", role: "img", "aria-label": title, ...size });
  root.append(svg("title", {}, title), svg("desc", {}, heatWords(rows, pools, starts)), heatTimes(starts, cell));
  const apart = Math.max(...rows.flat().map(Math.abs), 1e-9);
  rows.forEach((row, i) => {
    const most = Math.max(...people[0][i], ...people[1][i], 1e-9);
    const color = { change: (v) => diverging(v / apart), service: lacking }[kind] || ((v) => blues(v / most));
    root.append(heatRow(row, pools[i], starts, cell, i, color, kind));
  });
  const key = { change: [words.fewer, words.more_people], service: [words.under, words.over] }[kind];
  return el("figure", { class: kind }, el("figcaption", {}, title, key ? heatKey(...key) : ""), scrolling(title, root));
}
function heatWords(rows, pools, starts) {
  const told = rows.map((row, i) => {
    const known = row.filter((v) => !missing(v));
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const at = row.indexOf(high);
    if (at < 0) return "";
    return fill(words.heat_desc, { pool: pools[i], low: count(low), high: count(high), peak: `${dayName(starts[at])} ${clock(starts[at])}` });
  });
  return told.join(" ");
}
function heatTimes(starts, cell) {
  const group = svg("g", {});
  const oneDay = sameDay(starts[0], starts[starts.length - 1]);
  const every = Math.max(1, Math.ceil(60 / cell));
  starts.forEach((start, t) => {
    const wanted = oneDay ? t % every === 0 : t === 0 || !sameDay(starts[t - 1], start);
    if (wanted) group.append(svg("text", { x: LEFT + cell * t + 1, y: 13 }, oneDay ? clock(start) : dayName(start)));
  });
  return group;
}
function heatRow(row, pool, starts, cell, line, color, kind) {
  const group = svg("g", {});
  const y = TOP + LINE * line;
  const name = pool.length > 21 ? pool.slice(0, 20) + "…" : pool;
  group.append(svg("text", { x: LEFT - 8, y: y + 14, "text-anchor": "end" }, name));
  for (let t = 0; t < row.length; ) {
    let end = t + 1; // equal neighbors of one day share a rectangle
    while (end < row.length && row[end] === row[t] && sameDay(starts[end], starts[t])) end++;
    const gap = end === row.length || !sameDay(starts[end], starts[t]) ? 1.2 : 0;
    const place = { x: (LEFT + cell * t).toFixed(2), y, width: (cell * (end - t) - gap).toFixed(2), height: LINE - 3 };
    const told = `${pool}, ${dayName(starts[t])} ${clock(starts[t])}: ${kind === "change" && row[t] > 0 ? "+" : ""}${count(row[t])}${kind === "service" ? "%" : ""}`;
    group.append(svg("rect", { ...place, fill: color(row[t]) }, svg("title", {}, told)));
    t = end;
  }
  group.append(svg("text", { x: LEFT + cell * row.length + 6, y: y + 14 }, rowNote(row, kind)));
  return group;
}
function rowNote(row, kind) {
  const known = row.filter((v) => !missing(v));
  if (!known.length) return "–";
  if (kind === "service") return fill(words.least, { n: `${Math.min(...known)}%` });
  const most = count(Math.max(...known.map(Math.abs)));
  if (kind !== "change") return fill(words.most, { n: most });
  return most === "0" ? "±0" : "±" + most;
}
