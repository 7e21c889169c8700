// Pinned plans beside Today: values, differences with sign and mark.

const MEASURES = [
  ["cx", (v) => score(v), AXES.cx.delta, 1],
  ["cx_again", (v) => score(v), AXES.cx.delta, 1],
  ["cost", (v) => money(v), AXES.cost.delta, -1],
  ["headroom", (v) => percent(v), AXES.headroom.delta, 1],
  ["p_cx", (v) => cases(v), null, 0],
  ["p_shortfall", (v) => cases(v), null, 0],
  ["abandon", (v) => percent(v, 1), (v) => signed(points(v, 1), v), -1],
  ["peak_fte", (v) => count(v), (v) => signed(count(Math.round(Math.abs(v) * 10) / 10), v), 0],
  ["overtime", (v) => count(v), null, 0],
  ["committed", (v) => money(v), null, 0],
  ["avoidable", (v) => money(v), AXES.cost.delta, -1],
  ...data.objectives.map((one) => [one.key, (v) => objective(one, v), (v) => signed(objective(one, Math.abs(v)), v), one.better]),
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
  if (!delta || missing(plan[key]) || missing(today[key])) return number(text(plan[key]));
  const difference = delta(plan[key] - today[key]);
  const told = verdict(key, plan, better);
  const kind = difference === "±0" && told !== "tied" ? "" : told; // what is not shown is neither better nor worse
  const mark = kind ? el("span", { class: "mark" }, ` ${MARK[kind]}`, unseen(` ${words[kind]}`)) : "";
  return number(text(plan[key]), el("span", { class: `delta ${kind}` }, difference, mark));
}
const EDGES = { "": "solid", "7 3": "dashed", "2 3": "dotted", "9 3 2 3": "double" };
function compareHead(plan) {
  const pin = pinOf(plan.id);
  const who = el("span", { class: "who" }, badge(pin), el("span", {}, plan.id));
  const name = plan.name ? el("span", { class: "name" }, plan.name) : "";
  const unpin = { onclick: () => togglePin(plan.id), "aria-label": fill(words.unpin_plan, { plan: plan.id }) };
  const style = `border-top:3px ${EDGES[pin.dash]} ${pin.color}`;
  return el("th", { scope: "col", style }, who, name, smallButton(unpin, words.unpin));
}
// What the adopted plan comes to beside Today, where there is one; a dash for what is told of plans only.
const adopted = data.adopted && data.adopted.axes && "cx" in data.adopted.axes ? { id: "adopted", ...data.adopted.axes } : null;
function adoptedCell(measure) {
  if (!adopted) return [];
  return [measure && measure[0] in adopted ? compareCell(adopted, measure) : number("–")];
}
function drawCompare() {
  const list = pinned();
  const first = [words.measure, words.today, ...(adopted ? [data.adopted.title] : [])].map((text) => el("th", { scope: "col" }, text));
  show("compare-head", el("tr", {}, ...first, ...list.map(compareHead)));
  const rows = MEASURES.map((measure) => {
    const [key, text] = measure;
    const now = number(key === "p_cx" ? "–" : text(today[key]));
    return el("tr", {}, rowHead(data.measures[key]), now, ...adoptedCell(measure), ...list.map((plan) => compareCell(plan, measure)));
  });
  const told = (key, text) => el("tr", {}, rowHead(data.measures[key]), el("td", {}, "–"), ...adoptedCell(null), ...list.map((plan) => el("td", {}, text(plan))));
  show("compare-body", ...rows, told("people", (plan) => plan.doing || "–"), told("status", proof));
  document.getElementById("no-pins").hidden = list.length > 0;
}
function startCompare() {
  for (const { plan } of data.headline) {
    if (plan && byId.has(plan) && !pinOf(plan)) state.pins.push({ id: plan, slot: state.pins.length });
  }
  onChange((what) => { if (what === "pins") drawCompare(); });
}
