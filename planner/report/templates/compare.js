// Pinned plans beside Today: values, differences with sign and mark.

const MEASURES = [
  ["cx", (v) => score(v), AXES.cx.delta, 1],
  ["cost", (v) => money(v), AXES.cost.delta, -1],
  ["headroom", (v) => percent(v), AXES.headroom.delta, 1],
  ["p_cx", (v) => twentieth(v), null, 0],
  ["p_shortfall", (v) => twentieth(v), null, 0],
  ["abandon", (v) => percent(v, 1), (v) => signed(points(v, 1), v), -1],
  ["peak_fte", (v) => count(v), (v) => signed(count(Math.round(Math.abs(v) * 10) / 10), v), 0],
  ["overtime", (v) => count(v), null, 0],
  ["committed", (v) => money(v), null, 0],
  ["avoidable", (v) => money(v), AXES.cost.delta, -1],
].filter(([key]) => key in data.plans);

// better, worse, tied or "" where neither way is better.
function verdict(key, plan, better) {
  const difference = plan[key] - today[key];
  if (!better || missing(plan[key]) || missing(today[key])) return "";
  if (key === "cx" && plan.tie) return "tied";
  if (Math.abs(difference) < 1e-9) return "";
  return difference * better > 0 ? "better" : "worse";
}
const MARK = { better: "✓", worse: "✗", tied: "≈" };

function compareCell(plan, [key, text, delta, better]) {
  const cell = el("td", { class: "num" }, text(plan[key]));
  if (!delta || missing(plan[key]) || missing(today[key])) return cell;
  const kind = verdict(key, plan, better);
  const mark = kind ? el("span", { class: "mark", title: words[kind] }, ` ${MARK[kind]}`, el("span", { class: "hidden" }, ` ${words[kind]}`)) : "";
  cell.append(el("span", { class: `delta ${kind}` }, delta(plan[key] - today[key]), mark));
  return cell;
}
function drawCompare() {
  const list = pinned();
  const head = list.map((plan) => {
    const pin = pinOf(plan.id);
    return el("th", { scope: "col", style: `border-top:3px ${{ "": "solid", "7 3": "dashed", "2 3": "dotted" }[pin.dash] || "double"} ${pin.color}` },
      el("span", { class: "who" }, badge(pin), el("span", {}, plan.id)), plan.name ? el("span", { class: "name" }, plan.name) : "",
      el("button", { type: "button", class: "small", onclick: () => togglePin(plan.id), "aria-label": fill(words.unpin_plan, { plan: plan.id }) }, words.unpin));
  });
  show("compare-head", el("tr", {}, el("th", { scope: "col" }, words.measure), el("th", { scope: "col" }, words.today), ...head));
  const rows = MEASURES.map((measure) => el("tr", {}, el("th", { scope: "row" }, data.measures[measure[0]]),
    el("td", { class: "num" }, measure[0] === "p_cx" ? "–" : measure[1](today[measure[0]])), ...list.map((plan) => compareCell(plan, measure))));
  const doing = el("tr", {}, el("th", { scope: "row" }, data.measures.people), el("td", {}, "–"), ...list.map((plan) => el("td", {}, plan.doing || "–")));
  const proven = el("tr", {}, el("th", { scope: "row" }, data.measures.status), el("td", {}, "–"), ...list.map((plan) => el("td", {}, proof(plan))));
  show("compare-body", ...rows, doing, proven);
  document.getElementById("no-pins").hidden = list.length > 0;
}
function startCompare() {
  for (const { plan } of data.headline) if (plan && byId.has(plan) && !pinOf(plan)) state.pins.push({ id: plan, slot: state.pins.length });
  onChange((what) => { if (what === "pins") drawCompare(); });
}
