// A choice as a small file: pins, limits and parts of one plan to keep. `planner run --from-choice` takes it up.

function choiceOf(run, plan, keep, pins, limits) {
  const set = Object.entries(limits).filter(([, value]) => !missing(value)).map(([key, value]) => [key, Math.round(value * 1e4) / 1e4]);
  const kept = keep.length ? { plan, keep } : { plan: "", keep: [] };
  return { format: "planner choice 1", run: run.name, fingerprint: run.fingerprint, ...kept, pins, limits: Object.fromEntries(set) };
}
const takenPlan = () => document.getElementById("take-plan").value;
function takenParts() {
  const boxes = [...document.querySelectorAll("#take-parts input:checked")].map((box) => box.value);
  const shifts = document.getElementById("take-shifts").value;
  return shifts ? [...boxes, shifts] : boxes;
}
const currentChoice = () => choiceOf(data.run, takenPlan(), takenParts(), pinned().map((plan) => plan.id), state.limits);

function saveFile(name, text) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
function limitWords() {
  const set = Object.keys(AXES).filter((key) => state.limits[key] !== null);
  const told = set.map((key) => `${words["limit_" + key]} ${AXES[key].show(state.limits[key])}`);
  return told.length ? fill(words.take.limits, { limits: told.join(", ") }) : words.take.no_limits;
}
function drawTaken() {
  const before = takenPlan() || (pinned()[0] || candidates[0]).id;
  const list = [...pinned(), ...candidates.filter((plan) => plan.name && !pinOf(plan.id))];
  if (!list.some((plan) => plan.id === before)) list.push(byId.get(before));
  show("take-plan", ...list.map((plan) => {
    const pin = pinOf(plan.id);
    return el("option", { value: plan.id, selected: plan.id === before }, (pin ? `${pin.letter} · ` : "") + reads(plan));
  }));
  document.getElementById("take-limits").textContent = limitWords();
}
function startChoice() {
  if (!document.getElementById("take") || !candidates.length) return;
  const shifts = [["", words.take.no_shifts], ["shifts", words.take.all_shifts]];
  for (const { key, title } of data.take.pools) shifts.push([`shifts:${key}`, fill(words.take.pool_shifts, { pool: title })]);
  show("take-shifts", ...shifts.map(([value, text]) => el("option", { value }, text)));
  document.getElementById("take-save").addEventListener("click", () => {
    saveFile(`${data.run.name}-choice.json`, JSON.stringify(currentChoice(), null, 2) + "\n");
    announce(words.take.saved);
  });
  onChange((what) => { if (what === "pins" || what === "limits") drawTaken(); });
  drawTaken();
}
startChoice();
