// Two scatters that share the cost axis; a point has the same color and place in both.

const CIVIDIS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];
function cividis(share) {
  const at = Math.min(0.9999, Math.max(0, share)) * (CIVIDIS.length - 1);
  const [a, b] = [CIVIDIS[Math.floor(at)], CIVIDIS[Math.floor(at) + 1]];
  const mix = (k) => Math.round(parseInt(a.slice(k, k + 2), 16) * (1 - (at % 1)) + parseInt(b.slice(k, k + 2), 16) * (at % 1));
  return `rgb(${mix(1)},${mix(3)},${mix(5)})`;
}
const headroomColor = (plan) => {
  const [low, high] = extent("headroom");
  return missing(plan.headroom) ? "#ffffff" : cividis(high > low ? (plan.headroom - low) / (high - low) : 0.5);
};

const scatters = [];
const HEIGHT = 340;
const EDGE = { left: 58, right: 18, top: 16, bottom: 46 };

function scale(key, from, to, extra) {
  let [low, high] = extent(key);
  const pad = (high - low || Math.abs(high) * 0.1 || 1) * 0.07;
  low = Math.min(low - pad, ...extra);
  high = Math.max(high + pad, ...extra);
  const place = (v) => from + ((v - low) / (high - low)) * (to - from);
  return Object.assign(place, { low, high });
}

function drawScatter(chart) {
  const width = Math.max(300, chart.box.clientWidth);
  const x = scale("cost", EDGE.left, width - EDGE.right, []);
  const y = scale(chart.key, HEIGHT - EDGE.bottom, EDGE.top, []);
  Object.assign(chart, { x, y, width });
  const root = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-labelledby": `${chart.id}-t ${chart.id}-d` });
  chart.desc = svg("desc", { id: `${chart.id}-d` });
  root.append(svg("title", { id: `${chart.id}-t` }, chart.title), chart.desc);
  root.append(band(chart), frame(chart), bounds(chart), todayLines(chart));
  chart.dots = new Map();
  const dots = svg("g", { class: "dots" });
  for (const plan of candidates) {
    if (missing(plan.cost) || missing(plan[chart.key])) continue;
    const place = { cx: x(plan.cost).toFixed(1), cy: y(plan[chart.key]).toFixed(1), r: 4.6 };
    const dot = svg("circle", { "data-id": plan.id, ...place, fill: headroomColor(plan) });
    chart.dots.set(plan.id, dot);
    dots.append(dot);
  }
  chart.marks = svg("g", { class: "marks" });
  chart.ring = svg("circle", { class: "ring", r: 8, visibility: "hidden" });
  root.append(dots, chart.marks, chart.names, chart.ring);
  root.addEventListener("pointermove", (event) => hover(chart, event));
  root.addEventListener("pointerleave", () => setHover(null));
  root.addEventListener("click", (event) => { const plan = nearest(chart, event); if (plan) togglePin(plan.id); });
  chart.box.replaceChildren(root);
  chart.root = root;
}

function frame({ x, y, key, width, axis }) {
  const group = svg("g", { class: "frame" });
  const written = new Set(); // an axis that hardly varies has ticks that read alike
  for (const v of ticks(y.low, y.high, 5)) {
    group.append(svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y(v), y2: y(v) }));
    if (written.has(AXES[key].show(v))) continue;
    written.add(AXES[key].show(v));
    group.append(svg("text", { x: EDGE.left - 8, y: y(v) + 4, "text-anchor": "end" }, AXES[key].show(v)));
  }
  for (const v of ticks(x.low, x.high, width < 420 ? 3 : 5)) {
    group.append(svg("line", { x1: x(v), x2: x(v), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }));
    group.append(svg("text", { x: x(v), y: HEIGHT - EDGE.bottom + 17, "text-anchor": "middle" }, money(v)));
  }
  const middle = (EDGE.left + width - EDGE.right) / 2;
  group.append(svg("text", { x: middle, y: HEIGHT - 8, "text-anchor": "middle" }, words.cost_axis));
  return group;
}

// The outer surface: a proven line no plan can lie above; further lines for more headroom where they stand apart.
function bounds(chart) {
  const { x, y, key, width } = chart;
  const group = svg("g", { class: "bounds" });
  chart.taken = [];
  chart.names = svg("g", { class: "bounds" }); // on top, so that no guide strikes them through
  if (key !== "cx") return group;
  const seen = ([c, v]) => c >= x.low && c <= x.high && v <= y.high && v >= y.low;
  const dots = candidates.filter((plan) => !missing(plan.cx)).map((plan) => [x(plan.cost) - 5, y(plan.cx) - 5, x(plan.cost) + 5, y(plan.cx) + 5]);
  const paths = data.bound.map((bound) => bound.points.filter(seen).map(([c, v]) => [x(c), y(v)]));
  const along = (path) => path.flatMap(([px, py], k) => [0, 0.25, 0.5, 0.75].map((t) => [px + t * ((path[k + 1] || path[k])[0] - px), py + t * ((path[k + 1] || path[k])[1] - py)]));
  data.bound.forEach((bound, i) => {
    const line = paths[i];
    if (line.length < 2) return;
    const others = paths.filter((path) => path !== line).flatMap(along).map(([px, py]) => [px, py, px, py]);
    const path = line.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
    group.append(svg("polyline", { points: path, "stroke-dasharray": ["", "6 4", "2 3"][i] }));
    const text = i ? fill(words.bound_at, { headroom: percent(bound.headroom) }) : words.bound;
    const spot = beside(line, text.length * 6.8, [dots, others, chart.taken], width);
    if (!spot || spot.cost > MOST_HIDDEN) return; // on a narrow picture the words below say what the lines are
    chart.taken.push(spot.box);
    chart.names.append(svg("text", { x: spot.px, y: spot.y, "text-anchor": spot.anchor }, text));
  });
  return group;
}

const MOST_HIDDEN = 15; // three points, or as many bits of other lines
// Where a text beside a line hides the fewest points, then the least of other lines, and no other text.
function beside(line, w, [dots, others, taken], width) {
  let best = null;
  for (const [at, py] of line) {
    for (const [px, anchor, y] of [[at - 7, "end", py], [at + 7, "start", py + 12]]) {
      const box = [anchor === "end" ? px - w : px, y - 11, anchor === "end" ? px : px + w, y + 4];
      if (box[0] < EDGE.left || box[2] > width - EDGE.right || box[1] < EDGE.top || box[3] > HEIGHT - EDGE.bottom) continue;
      const cost = 5 * hits(box, dots) + hits(box, others) + 100 * hits(box, taken);
      if (!best || cost < best.cost) best = { cost, box, px, y, anchor };
    }
  }
  return best;
}
const hits = (box, boxes) => boxes.filter((b) => b[0] < box[2] && b[2] > box[0] && b[1] < box[3] && b[3] > box[1]).length;

// Where the frontier moves over the draws: from what 1 in 10 futures reach down to what 9 in 10 reach.
function band({ x, y, key, width }) {
  const group = svg("g", { class: "band" });
  if (key !== "cx" || !data.band.p10) return group;
  const [left, right, floor] = [EDGE.left, width - EDGE.right, HEIGHT - EDGE.bottom];
  const inside = (v, low, high) => Math.min(high, Math.max(low, v)).toFixed(1);
  const at = ([cost, cx]) => [inside(x(cost), left, right), inside(y(cx), EDGE.top, floor)];
  const steps = (points) => {
    const path = [];
    let below = floor.toFixed(1);
    for (const [px, py] of points.map(at)) {
      path.push(`${px},${below}`, `${px},${py}`);
      below = py;
    }
    return [...path, `${right.toFixed(1)},${below}`];
  };
  const [best, middle, sure] = ["p10", "p50", "p90"].map((edge) => steps(data.band[edge]));
  group.append(svg("polygon", { points: [...best, ...sure.reverse()].join(" ") }));
  if (data.band.p50.length) group.append(svg("polyline", { points: middle.join(" ") }));
  return group;
}

function todayLines({ x, y, key, width }) {
  const group = svg("g", { class: "today-lines" });
  if (missing(today.cost) || missing(today[key])) return group;
  group.append(svg("line", { x1: x(today.cost), x2: x(today.cost), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }));
  group.append(svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y(today[key]), y2: y(today[key]) }));
  return group;
}

// Today, named and pinned plans on top, with labels that keep out of each other's way.
function drawMarks(chart) {
  const { x, y, key, width } = chart;
  const wanted = [...candidates.filter((plan) => plan.name || pinOf(plan.id)), today];
  const shown = wanted.filter((plan) => !missing(plan.cost) && !missing(plan[key]));
  const marks = shown.map((plan) => ({ plan, px: x(plan.cost), py: y(plan[key]), pin: pinOf(plan.id) }));
  const boxes = [...marks.map(({ px, py }) => [px - 9, py - 9, px + 9, py + 9]), ...chart.taken];
  const nodes = [];
  for (const { plan, px, py, pin } of marks) {
    if (plan === today) {
      const cross = `M${px - 8} ${py}H${px + 8}M${px} ${py - 8}V${py + 8}`;
      nodes.push(svg("path", { class: "halo", d: cross }), svg("path", { class: "cross", d: cross }));
    } else if (pin) {
      const guide = `M${px} ${py + 9}V${HEIGHT - EDGE.bottom}M${px - 9} ${py}H${EDGE.left}`;
      nodes.push(svg("path", { class: "guide", stroke: pin.color, "stroke-dasharray": pin.dash || "none", d: guide }));
      nodes.push(svg("circle", { cx: px, cy: py, r: 9, fill: pin.color, stroke: "var(--paper)", "stroke-width": 1.5 }));
      nodes.push(svg("text", { class: "letter", x: px, y: py + 4, "text-anchor": "middle" }, pin.letter));
    } else nodes.push(svg("circle", { class: "named", cx: px, cy: py, r: 7.5 }));
  }
  for (const { plan, px, py } of [...marks].reverse()) { // the place for Today is chosen first
    const text = plan === today ? words.today : plan.short || (pinOf(plan.id) ? plan.id : "");
    const spot = placeLabel(text.length * 7.3, px, py, boxes, width);
    boxes.push(spot.box);
    if (spot.far) nodes.push(svg("line", { class: "leader", x1: px, y1: py, x2: spot.middle, y2: spot.y - 4 }));
    nodes.push(svg("text", { class: "label", x: spot.x, y: spot.y, "text-anchor": spot.anchor }, text));
  }
  chart.marks.replaceChildren(...nodes);
}

function placeLabel(w, px, py, boxes, width) {
  let best = null;
  for (const distance of [12, 22, 36, 52]) {
    for (const [dx, dy] of [[1, 0], [-1, 0], [0.4, -1], [0.4, 1], [-1, -1], [-1, 1], [1, -1], [1, 1]]) {
      const left = dx >= 1 ? px + distance : dx <= -1 ? px - distance - w : px - w / 2;
      const base = py + 4 + dy * distance;
      const box = [left - 2, base - 12, left + w + 2, base + 4];
      const out = box[0] < EDGE.left || box[2] > width - 2 || box[1] < 2 || box[3] > HEIGHT - EDGE.bottom;
      const cost = hits(box, boxes) * 10 + (out ? 25 : 0) + distance / 20;
      const [anchor, x] = dx >= 1 ? ["start", left] : dx <= -1 ? ["end", left + w] : ["middle", px];
      if (!best || cost < best.cost) best = { cost, box, x, y: base, middle: left + w / 2, anchor, far: distance > 22 };
    }
  }
  return best;
}

function nearest(chart, event) {
  const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.root.getScreenCTM().inverse());
  let best = null;
  for (const plan of [today, ...fitting(), ...pinned()]) {
    if (missing(plan.cost) || missing(plan[chart.key])) continue;
    const distance = Math.hypot(chart.x(plan.cost) - place.x, chart.y(plan[chart.key]) - place.y);
    if (distance < 16 && (!best || distance < best.distance)) best = { plan, distance };
  }
  return best && best.plan;
}
function hover(chart, event) {
  const plan = nearest(chart, event);
  setHover(plan ? plan.id : null);
  const tip = document.getElementById("tip");
  if (!plan) return;
  tip.replaceChildren(el("strong", {}, reads(plan)),
    ...Object.keys(AXES).map((key) => el("div", {}, tipLine(plan, key))),
    plan === today ? "" : el("div", {}, plan.doing));
  tip.style.left = `${Math.min(window.innerWidth - 230, event.clientX + 14) + window.scrollX}px`;
  tip.style.top = `${event.clientY + 14 + window.scrollY}px`;
}
function tipLine(plan, key) {
  const difference = plan === today || missing(plan[key]) || missing(today[key]) ? "" : ` (${AXES[key].delta(plan[key] - today[key])})`;
  return `${data.measures[key]} ${AXES[key].show(plan[key])}${difference}`;
}
function setHover(id) {
  document.getElementById("tip").hidden = !id;
  if (state.hover === id) return;
  state.hover = id;
  for (const chart of scatters) {
    const plan = id ? byId.get(id) : null;
    const seen = plan && !missing(plan.cost) && !missing(plan[chart.key]);
    chart.ring.setAttribute("visibility", seen ? "visible" : "hidden");
    if (seen) { chart.ring.setAttribute("cx", chart.x(plan.cost)); chart.ring.setAttribute("cy", chart.y(plan[chart.key])); }
  }
  document.querySelectorAll("#table-body tr").forEach((row) => row.classList.toggle("lit", row.dataset.id === id));
}

function filterScatter(chart, fit) {
  const kept = new Set(fit.map((plan) => plan.id));
  for (const [id, dot] of chart.dots) dot.classList.toggle("out", !kept.has(id));
  const span = (key) => {
    const all = fit.map((plan) => plan[key]).filter((v) => !missing(v));
    return all.length ? [Math.min(...all), Math.max(...all)].map(AXES[key].show) : ["–", "–"];
  };
  const [[cx_min, cx_max], [cost_min, cost_max], [h_min, h_max]] = [span("cx"), span("cost"), span("headroom")];
  const now = { cx_today: score(today.cx), cost_today: money(today.cost), h_today: percent(today.headroom) };
  const seen = { n: fit.length, total: candidates.length, cx_min, cx_max, cost_min, cost_max, h_min, h_max };
  chart.desc.textContent = fill(chart.about, { ...seen, ...now });
}
function drawLegend() {
  const [low, high] = extent("headroom");
  const ramp = el("span", { class: "ramp", style: `background:linear-gradient(90deg,${CIVIDIS.join(",")})` });
  show("legend", el("span", {}, `${data.measures.headroom} ${percent(low)}`), ramp, el("span", {}, percent(high)));
  document.getElementById("bound-help").hidden = !document.querySelector(".bounds polyline");
}
function redraw() {
  const fit = fitting();
  for (const chart of scatters) {
    drawScatter(chart);
    filterScatter(chart, fit);
    drawMarks(chart);
  }
}
function startScatters() {
  scatters.push({ id: "s-cx", key: "cx", title: words.cx_title, about: words.desc_cx });
  scatters.push({ id: "s-cap", key: "headroom", title: words.capacity_title, about: words.desc_cap });
  for (const chart of scatters) chart.box = document.getElementById(chart.id);
  redraw();
  drawLegend();
  const box = scatters[0].box;
  let seen = box.clientWidth;
  new ResizeObserver(() => {
    if (Math.abs(box.clientWidth - seen) <= 8 || matchMedia("print").matches) return;
    seen = box.clientWidth;
    redraw();
  }).observe(box);
  onChange((what) => {
    if (what === "pins") scatters.forEach(drawMarks);
    if (what !== "limits") return;
    const fit = fitting();
    scatters.forEach((chart) => filterScatter(chart, fit));
  });
}
