// One plan in detail: why, channels, people per interval, promises, money, risk and what limits it.

const parts = data.details;
// Of single draws: the axis of a robust run is the mean of the worst.
const axisName = (key) => (key === "cx" ? data.units.cxName : data.measures[key].toLowerCase());
const heading = (text, nodes, kind) => el("section", { class: kind }, el("h3", {}, text), ...nodes);
const bullets = (lines) => el("ul", {}, ...lines.map((line) => el("li", {}, line)));
function grid(head, rows, caption) {
  const title = (text, i) => el("th", { scope: "col", class: i ? "num" : "" }, text === words.drawn ? unseen(text) : text);
  const line = (row) => el("tr", {}, ...row.map((cell, i) => (i ? number(cell) : rowHead(cell))));
  const parts_ = [el("caption", { class: "hidden" }, caption), el("thead", {}, el("tr", {}, ...head.map(title)))];
  return scrolling(caption, el("table", {}, ...parts_, el("tbody", {}, ...rows.map(line))));
}

// Bars start at zero and stand beside their numbers: Today gray, the plan blue.
function bars(now, then, most) {
  const wide = (v) => (most > 0 ? (150 * v) / most : 0).toFixed(1);
  const drawn = [svg("rect", { y: 2, width: wide(now), height: 6, fill: "var(--quiet-bar)" })];
  if (then !== null) drawn.push(svg("rect", { y: 10, width: wide(then), height: 6, fill: "var(--bar)" }));
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

function promiseRows(plan) {
  const own = parts.kept[plan.id] || [];
  return parts.promises.flatMap(({ name, target, atMost, seconds }, i) => {
    if (!own[i]) return [];
    const [worst, missed, n] = own[i];
    const missing_ = n > 1 ? fill(words.kept_some, { missed, n, what: words.periods }) : words.missed;
    const value = reached(worst, seconds);
    const asked = (atMost ? "≤ " : "≥ ") + reached(target, seconds);
    return [[name, asked, n > 1 ? fill(words.worst, { value }) : value, missed ? missing_ : words.kept_all]];
  });
}
function riskLines(plan) {
  const own = parts.risk[plan.id] || [];
  const lines = [];
  const n = data.units.cases;
  const say = (text, p) => { if (!missing(p)) lines.push(fill(text, { k: casesOf(p, n), n })); };
  say(words.risk_promises, plan.p_shortfall);
  if (plan !== today) say(words.risk_cx, plan.p_cx);
  if (plan !== today) say(words.risk_efficient, own[3]);
  Object.entries(AXES).forEach(([key, { show: write }], i) => {
    if (!own[i] || missing(own[i][0])) return;
    lines.push(fill(words.risk_range, { axis: axisName(key), low: write(own[i][0]), high: write(own[i][1]) }));
  });
  return lines;
}
function costLines(plan) {
  const split = ["committed", "avoidable"].filter((key) => !missing(plan[key]));
  return split.map((key) => `${words[key]}: ${money(plan[key])}`);
}
function channelParts(plan) {
  const moves = parts.moves[plan.id];
  const table = twoColumns(plan, parts.channels, parts.mix, (v) => fixed(v, 0), words.mix, words.channel);
  return moves ? [table, el("p", { class: "quiet" }, words.moves), bullets(moves)] : [table];
}
// Points against Today by reason and segment, with sign and mark.
function gainParts({ segments, reasons, change, left }, plan) {
  const told = (v) => {
    if (missing(v)) return "–";
    const text = signed(score(Math.abs(v)), v);
    const kind = text === "±0" ? "" : v > 0 ? "better" : "worse";
    return kind ? el("span", { class: kind }, text, el("span", { class: "mark" }, ` ${MARK[kind]}`)) : text;
  };
  const rows = change[plan.id].map((row, i) => [reasons[i], ...row.map(told)]);
  const others = left ? [el("p", { class: "quiet" }, fill(words.reasons_left, { n: left }))] : [];
  return [grid([words.reason, ...segments], rows, words.gains), ...others];
}
function drawDetail() {
  const plan = byId.get(state.chosen);
  const { why, channels, promises, kept, items, costs, segments, gains, prices, heat: maps } = parts;
  const sections = [];
  const add = (wanted, text, nodes, kind) => { if (wanted) sections.push(heading(text, nodes(), kind)); }; // "more": not on paper
  const doing = plan === today ? "" : el("p", { class: "quiet" }, plan.doing);
  const asked = [words.promise, words.target, words.value, words.kept];
  add(plan !== today || why[plan.id], words.why, () => [el("p", {}, why[plan.id] || words.no_why), doing]);
  add(channels.length, words.mix, () => channelParts(plan), "more");
  add(promises.length && kept[plan.id], words.promises, () => [grid(asked, promiseRows(plan), words.promises)]);
  add(items.length, words.costs, () => [twoColumns(plan, items, costs, money, words.costs, words.item), bullets(costLines(plan))]);
  add(riskLines(plan).length, words.risk, () => [bullets(riskLines(plan))]);
  add(segments.names.length, words.segments, () => [twoColumns(plan, segments.names, segments.cx, score, words.segments, words.segment)], "more");
  add(gains.change[plan.id], words.gains, () => gainParts(gains, plan));
  add(prices[plan.id], words.prices, () => [bullets(prices[plan.id])]);
  for (const [title, lines] of parts.says[plan.id] || []) add(true, title, () => [bullets(lines)], "more");
  if (maps.starts.length) {
    const kinds = MAPS.filter((kind) => (kind === "change" ? plan !== today : (maps[kind] || {})[plan.id]));
    const drawn = maps.people[plan.id] ? kinds.map((kind) => heat(plan, kind)) : [el("p", {}, words.no_heat)];
    sections.push(el("section", { class: "wide" }, el("h3", {}, words.staffing), ...drawn));
  }
  show("detail", ...sections);
}
function drawChoice() {
  const list = [today, ...candidates.filter((plan) => plan.name || pinOf(plan.id))];
  if (!list.some((plan) => plan.id === state.chosen)) state.chosen = today.id;
  show("choice", ...list.map((plan) => {
    const pin = pinOf(plan.id);
    return el("option", { value: plan.id, selected: plan.id === state.chosen }, (pin ? `${pin.letter} · ` : "") + reads(plan));
  }));
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
startParallel();
changed("pins");
// A short table of contents: what is folded opens where it is named.
function startContents() {
  const contents = document.getElementById("contents");
  const named = [...document.querySelectorAll("main > [id]:is(details, .named-part)")].filter((part) => part.checkVisibility());
  contents.append(...named.map((part) =>
    el("a", { href: `#${part.id}`, onclick: () => { part.open = true; } }, part.querySelector("h2").textContent)));
  contents.hidden = false;
}
startContents();
// On paper everything worth reading is open; afterwards the reader's own state comes back.
const closed = [];
addEventListener("beforeprint", () => {
  closed.push(...document.querySelectorAll("details:not([open])"));
  for (const part of closed) part.open = true;
});
addEventListener("afterprint", () => { while (closed.length) closed.pop().open = false; });
