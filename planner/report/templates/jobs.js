// Talking to the server that sent this page, and its jobs. The token of writes came in the address, behind the #.

const asks = words.serve;
function takeToken() {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (found) {
    localStorage.setItem("planner-token", found[1]);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return localStorage.getItem("planner-token") || "";
}
const token = takeToken();

async function call(path, body) {
  const sent = { method: "POST", headers: { "content-type": "application/json", "x-planner-token": token }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, body === undefined ? {} : sent);
  } catch {
    throw new Error(asks.gone);
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.error || `${answer.status}`);
  return found;
}
const runAddress = (name) => `/runs/${encodeURIComponent(name)}`;
const apiAddress = (name, what) => `/api${runAddress(name)}/${what}`;
const isOpen = (job) => job.state === "queued" || job.state === "running";

// Run of a finished job, or null.
const madeRun = (job) => (job.kind === "plan" && job.state === "done" && job.result ? job.result.directory.split(/[\\/]/).pop() : null);

function jobState(job) {
  if (job.state !== "running") return asks.states[job.state];
  const of = job.total > 1 ? ` ${job.done}/${job.total}` : "";
  return asks.states.running + (job.stage ? `: ${job.stage}${of}` : "");
}
function simulationPart(job) {
  const head = asks.simulation_heads.map((text, i) => el("th", { scope: "col", class: i > 1 ? "num" : "" }, text));
  const rows = job.result.promises.map((row) => el("tr", {}, rowHead(row.promise), el("td", {}, row.period),
    number(fixed(row.target, 3)), number(missing(row.plan) ? "–" : fixed(row.plan, 3)),
    number(missing(row.value) ? "–" : `${fixed(row.value, 3)} ± ${missing(row.half_width) ? "–" : fixed(row.half_width, 3)}`), number(row.verdict)));
  const table = el("table", {}, el("caption", { class: "hidden" }, job.title), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
  const verdict = job.result.failed.length ? fill(asks.simulation_failed, { promises: job.result.failed.join(", ") }) : asks.simulation_kept;
  return [el("p", {}, verdict), scrolling(job.title, table)];
}
function jobRow(job) {
  const act = (what, text) => smallButton({ "data-job": `${what}-${job.id}`, "aria-label": `${text}: ${job.title}`, onclick: () => jobAction(job, what) }, text);
  const made = madeRun(job);
  const bar = job.state === "running" ? el("progress", { max: Math.max(job.total, 1), value: job.total > 1 ? job.done : null, "aria-label": job.title }) : null;
  const again = job.state === "failed" || job.state === "cancelled" || job.state === "interrupted";
  const lines = job.words.length && job.state !== "done" ? [el("pre", { class: "words", dir: "auto" }, job.words.slice(-4).join("\n"))] : [];
  const told = job.kind === "simulate" && job.state === "done" && job.result ? simulationPart(job) : [];
  return el("li", { class: `job ${job.state}`, "data-id": job.id },
    el("p", { class: "head" }, el("strong", { dir: "auto" }, job.title), el("span", { class: "tag" }, jobState(job)),
      made ? el("a", { href: runAddress(made) }, fill(asks.open_run, { run: made })) : null,
      isOpen(job) ? act("cancel", asks.cancel) : null, again ? act("again", asks.again) : null),
    bar, ...lines, ...told);
}
async function jobAction(job, what) {
  try {
    await call(`/api/jobs/${job.id}/${what}`, {});
    await drawJobs();
  } catch (error) {
    document.getElementById("jobs-error").textContent = error.message;
  }
}
let drawn = "";
let timer = 0;
async function drawJobs() {
  clearTimeout(timer);
  let wait = 10000;
  try {
    const jobs = await call("/api/jobs");
    const text = JSON.stringify(jobs);
    if (text !== drawn) {
      drawn = text;
      const focused = document.activeElement && document.activeElement.dataset.job;
      show("jobs-list", ...jobs.slice(0, 12).map(jobRow));
      if (focused) document.querySelector(`[data-job="${focused}"]`)?.focus();
      document.getElementById("jobs-none").hidden = jobs.length > 0;
      document.getElementById("jobs-error").textContent = "";
    }
    if (jobs.some(isOpen)) wait = 1000;
  } catch (error) {
    document.getElementById("jobs-error").textContent = error.message;
  }
  timer = setTimeout(drawJobs, wait);
}
drawJobs();
