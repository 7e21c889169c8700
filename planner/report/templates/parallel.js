// How results are reached: one line per plan over results and levers, each axis with its better or larger end up.

const PARALLEL = { width: 1120, height: 300, top: 46, bottom: 34, side: 60 };
const lines = new Map();

function parallelAxes() {
  const total = (plan) => (parts.mix[plan.id] || []).reduce((sum, v) => sum + v, 0) || 1;
  const results = Object.entries(AXES).map(([key, { better, show: write }]) => ({ title: data.measures[key], value: (plan) => plan[key], write, better }));
  const channels = parts.channels.slice(0, 6).map((title, i) => ({ title, value: (plan) => (parts.mix[plan.id] || [])[i] / total(plan), write: (v) => percent(v), better: 1 }));
  const people = ["peak_fte", "hires"].filter((key) => key in data.plans).map((key) => ({ title: data.measures[key], value: (plan) => plan[key], write: count, better: 1 }));
  return [...results, ...channels, ...people].map((axis, i, all) => {
    const known = plans.map(axis.value).filter((v) => Number.isFinite(v));
    const [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
    const { width, height, top, bottom, side } = PARALLEL;
    const share = (v) => (high > low ? (v - low) / (high - low) : 0.5);
    const place = (v) => height - bottom - (height - top - bottom) * (axis.better > 0 ? share(v) : 1 - share(v));
    return { ...axis, x: side + ((width - 2 * side) * i) / Math.max(1, all.length - 1), ends: axis.better > 0 ? [low, high] : [high, low], place };
  });
}
function parallelPath(axes, plan) {
  const known = axes.filter((axis) => Number.isFinite(axis.value(plan)));
  return known.map((axis) => `${axis.x.toFixed(1)},${axis.place(axis.value(plan)).toFixed(1)}`).join(" ");
}
function drawParallel() {
  const axes = parallelAxes();
  const { width, height, top, bottom } = PARALLEL;
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words.parallel });
  root.append(svg("title", {}, words.parallel), svg("desc", {}, words.parallel_help));
  for (const plan of [...candidates, today]) {
    const line = svg("polyline", { points: parallelPath(axes, plan), class: plan === today ? "now" : "line", "data-id": plan.id, stroke: headroomColor(plan) });
    line.addEventListener("pointerenter", () => setHoverRow(plan.id));
    line.addEventListener("pointerleave", () => setHover(null));
    line.addEventListener("click", () => togglePin(plan.id));
    lines.set(plan.id, { line, kind: "line" });
    root.append(line);
  }
  for (const { x, title, ends, write } of axes) {
    const short = title.length > 15 ? title.slice(0, 14) + "…" : title;
    root.append(svg("line", { class: "axis", x1: x, x2: x, y1: top, y2: height - bottom }));
    root.append(svg("text", { class: "label", x, y: 16, "text-anchor": "middle" }, short));
    root.append(svg("text", { x, y: 36, "text-anchor": "middle" }, write(ends[1])), svg("text", { x, y: height - 14, "text-anchor": "middle" }, write(ends[0])));
  }
  show("parallel-lines", root);
}
function markParallel() {
  const fit = new Set(fitting());
  for (const plan of candidates) {
    const [pin, entry] = [pinOf(plan.id), lines.get(plan.id)];
    const kind = pin ? `pinned ${pin.letter}` : fit.has(plan) ? "line" : "out";
    if (entry.kind === kind) continue; // of many lines few change
    entry.kind = kind;
    entry.line.setAttribute("class", kind);
    entry.line.setAttribute("stroke", pin ? pin.color : headroomColor(plan));
    entry.line.setAttribute("stroke-dasharray", (pin && pin.dash) || "none");
    if (pin) entry.line.parentNode.append(entry.line);
  }
}
function startParallel() {
  const part = document.getElementById("parallel");
  const refresh = () => {
    if (!part.open) return;
    if (!lines.size) drawParallel();
    markParallel();
  };
  part.addEventListener("toggle", refresh);
  onChange(refresh);
  refresh();
}
