// What the served page asks: the nearest plan while limits move, what if, plan again, simulate, downloads.

const within = (what) => apiAddress(data.run.name, what);

// "+5", "-3.5" or "" (percent) -> ratio, null where it is no number.
function ratioOf(text) {
  const value = text.trim().replace("−", "-").replace(",", ".").replace(/%$/, "");
  return value === "" ? 0 : /^[-+]?\d+(\.\d+)?$/.test(value) ? Number(value) / 100 : null;
}
const field = (id) => document.getElementById(id).value;
function questionOf(texts) {
  const question = { plan: texts.plan, keep: texts.keep };
  for (const name of ["volume", "aht", "shrinkage", "headroom"]) {
    const value = ratioOf(texts[name]);
    if (value === null) throw new Error(fill(asks.no_percentage, { name: asks.fields[name], text: texts[name] }));
    if (name === "volume" || name === "aht") question[name] = value ? { "": value } : {};
    else if (name === "shrinkage") question.shrinkage = value;
    else if (texts.headroom.trim()) question.headroom = value;
  }
  const budget = texts.budget.replace(/[\s,’']/g, "");
  if (budget && !(Number(budget) > 0)) throw new Error(fill(asks.no_money, { text: texts.budget }));
  return budget ? { ...question, budget: Number(budget) } : question;
}
function answerTable(answers) {
  const before = answers[0];
  const change = (answer, key) => (answer === before ? "" : el("span", { class: "delta" }, AXES[key].delta(answer[key] - before[key])));
  const head = asks.answer_heads.map((text, i) => el("th", { scope: "col", class: i ? "num" : "" }, text));
  const rows = answers.map((answer) => el("tr", {},
    rowHead(asks.cases[answer.case] ? asks.cases[answer.case][0] : answer.case, el("span", { class: "name" }, asks.cases[answer.case] ? asks.cases[answer.case][1] : "")),
    ...Object.keys(AXES).map((key) => number(AXES[key].show(answer[key]), change(answer, key))),
    number(answer.feasible ? `✓ ${asks.yes}` : `✗ ${asks.no}`), number(fixed(answer.hires, 0)), number(percent(answer.gap, 1))));
  return scrolling(asks.what_if, el("table", {}, el("caption", { class: "hidden" }, asks.what_if), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)));
}
// Run an action of a button: busy meanwhile, what went wrong in words beside it.
async function busy(button, place, action) {
  button.disabled = true;
  place.textContent = asks.busy;
  try {
    place.textContent = (await action()) || "";
  } catch (error) {
    place.textContent = error.message;
  }
  button.disabled = false;
  button.focus();
}
async function askWhatIf() {
  const texts = { plan: takenPlan(), keep: takenParts() };
  for (const name of ["volume", "aht", "shrinkage", "budget", "headroom"]) texts[name] = field(`if-${name}`);
  const answers = await call(within("what-if"), questionOf(texts));
  const left = Object.keys(asks.cases).filter((name) => !answers.some((answer) => answer.case === name));
  const none = left.length ? el("p", { class: "quiet" }, fill(asks.none_found, { cases: left.map((name) => asks.cases[name][0]).join(", ") })) : null;
  show("if-answer", ...[answerTable(answers), none, el("p", { class: "quiet" }, asks.answer_help)].filter(Boolean));
}
async function planAgain() {
  const { plan, keep, limits } = currentChoice();
  await call(within("plan-again"), { plan, keep, limits });
  await drawJobs();
  return asks.queued;
}
async function simulatePlan() {
  await call(within("simulate"), { plan: takenPlan() });
  await drawJobs();
  return asks.queued;
}
async function download() {
  const form = field("take-format");
  const answer = await fetch(`${within("export")}?plan=${encodeURIComponent(takenPlan())}&format=${encodeURIComponent(form)}`);
  if (!answer.ok) throw new Error((await answer.json()).error);
  const name = decodeURIComponent((answer.headers.get("content-disposition") || "").split("''")[1] || `plan-${form}`);
  const link = el("a", { href: URL.createObjectURL(await answer.blob()), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
  return fill(asks.downloaded, { name });
}
// Maps of pinned plans that the page does not carry: what is known at once, simulated as soon as that is done.
async function fetchMaps() {
  const draw = async () => {
    Object.assign(parts.heat, await call(`${within("maps")}?${new URLSearchParams(pinned().map((plan) => ["plan", plan.id]))}`));
    drawDetail();
  };
  const fresh = pinned().map((plan) => plan.id).filter((id) => !parts.heat.people[id]);
  try {
    if (fresh.length) await draw();
    for (const plan of token ? fresh : []) {
      await call(within("simulated-service"), { plan });
      await draw();
    }
  } catch (error) {
    announce(error.message);
  }
}
let asked = 0;
async function drawNearest() {
  const wished = Object.entries(state.limits).filter(([, value]) => value !== null);
  const place = document.getElementById("nearest");
  const mine = ++asked;
  if (!wished.length) return place.replaceChildren();
  await new Promise((done) => setTimeout(done, 200));
  if (mine !== asked) return null;
  try {
    const found = await call(`${within("nearest")}?${new URLSearchParams(wished)}`);
    if (mine !== asked) return null;
    const text = fill(found.reached ? asks.reached : asks.not_reached, { plan: reads(byId.get(found.plan)), cx: score(found.cx), cost: money(found.cost), headroom: percent(found.headroom) });
    place.replaceChildren(text + " ", pinButton(found.plan));
  } catch (error) {
    place.textContent = error.message;
  }
  return null;
}
function startServe() {
  const on = (id, place, action) => {
    const button = document.getElementById(id);
    button.addEventListener("click", () => busy(button, document.getElementById(place), action));
  };
  show("take-format", ...data.take.formats.map((form) => el("option", { value: form }, asks.formats[form] || form)));
  on("take-plan-again", "take-told", planAgain);
  on("take-simulate", "take-told", simulatePlan);
  on("take-download", "take-told", download);
  on("if-ask", "if-told", askWhatIf);
  onChange((what) => {
    if (what === "limits" || what === "pins") drawNearest();
    if (what === "pins" && parts.heat.starts.length) fetchMaps();
  });
}
if (candidates.length) startServe();
