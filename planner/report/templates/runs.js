// The page of all runs: two or more of them side by side.

const MOST_RUNS = 4;
const AXIS = {
  cx: (v) => fixed(v, 3),
  cost: (v, currency) => `${fixed(v, 0)} ${currency}`,
  headroom: (v) => percent(v),
};
function tableOf(title, head, rows) {
  const cells = head.map((text, i) => el("th", { scope: "col", class: i ? "num" : "", dir: "auto" }, text));
  return scrolling(title, el("table", {}, el("caption", {}, title), el("thead", {}, el("tr", {}, ...cells)), el("tbody", {}, ...rows)));
}
// One row per named plan and axis: how each run answers it.
function planRows(runs) {
  const keys = [...new Set(runs.flatMap((run) => run.plans.map((plan) => plan.key)))];
  return keys.flatMap((key) => Object.keys(AXIS).map((axis) => {
    const cells = runs.map((run) => {
      const plan = run.plans.find((one) => one.key === key);
      return number(plan ? AXIS[axis](plan[axis], run.currency) : "–");
    });
    return el("tr", {}, rowHead(`${asks.named[key] || key}: ${asks.axes[axis]}`), ...cells);
  }));
}
// The lines of `planner diff`, for every run after the first.
function differenceList({ title, words, left_out: left }) {
  const more = left ? [el("li", { class: "quiet" }, fill(asks.left_out, { n: left }))] : [];
  return [el("p", { dir: "auto" }, title), el("ul", {}, ...words.map((line) => el("li", { dir: "auto" }, line)), ...more)];
}
function drawComparison({ runs, differences }) {
  const head = [asks.result, ...runs.map((run) => run.name)];
  show("comparison", tableOf(asks.plans_of_runs, head, planRows(runs)), el("h3", {}, asks.differences), ...differences.flatMap(differenceList));
}
async function compareRuns() {
  const told = document.getElementById("compare-told");
  const chosen = [...document.querySelectorAll("input[name=compare]:checked")].map((box) => box.value);
  told.textContent = "";
  if (chosen.length < 2 || chosen.length > MOST_RUNS) {
    told.textContent = asks.choose_runs;
    return;
  }
  told.textContent = asks.busy;
  try {
    drawComparison(await call(`/api/compare?${new URLSearchParams(chosen.map((name) => ["run", name]))}`));
    told.textContent = "";
  } catch (error) {
    told.textContent = error.message;
  }
}
document.getElementById("compare-runs").addEventListener("click", compareRuns);
