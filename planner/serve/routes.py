"""The addresses of the server: pages, what is read, and what is asked (which needs the token)."""

from __future__ import annotations

import urllib.parse
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from planner.choice import Choice, choice_of, limit_changes
from planner.errors import PlanError
from planner.frontier.held import held_from
from planner.frontier.prefer import best_reached
from planner.frontier.what_if import pins_of
from planner.report.page import render_page
from planner.runs import RunDirectory
from planner.runs.tables import plain
from planner.serve.commands import plan_again, scenario_of, simulated
from planner.serve.comparing import comparison
from planner.serve.downloads import exported
from planner.serve.maps import MOST_PLANS
from planner.serve.questions import OnePlan, PlanAgain, Simulate, WhatIf
from planner.serve.shelf import AXES

pages = APIRouter(include_in_schema=False)
reads = APIRouter(prefix="/api")
questions = APIRouter(prefix="/api")

Axis = Annotated[float | None, Query(allow_inf_nan=False)]


@pages.get("/")
def list_page(request: Request) -> HTMLResponse:
    """Return the page that lists the runs."""
    page, policy = request.app.state.parts.shelf.page()
    return HTMLResponse(page, headers={"content-security-policy": policy})


@pages.get("/runs/{name}")
def run_page(request: Request, name: str) -> HTMLResponse:
    """Return the report page of a run, with the questions beside it."""
    opened = request.app.state.parts.shelf.open(name)
    return HTMLResponse(opened.page, headers={"content-security-policy": opened.policy})


@reads.get("/runs")
def list_runs(request: Request) -> JSONResponse:
    """List the runs, the newest first."""
    return JSONResponse(request.app.state.parts.shelf.summaries())


@reads.get("/runs/{name}")
def read_run(request: Request, name: str) -> Response:
    """Return the plans of a run as records, and its certificate."""
    return Response(request.app.state.parts.shelf.open(name).plans, media_type="application/json")


@reads.get("/runs/{name}/nearest")
def nearest(request: Request, name: str, cx: Axis = None, cost: Axis = None, headroom: Axis = None) -> dict[str, Any]:
    """Return the plan nearest to what is aspired to (`Frontier.nearest`), and whether it reaches all of it."""
    frontier = request.app.state.parts.shelf.open(name).frontier
    wished = {axis: value for axis, value in zip(AXES, (cx, cost, headroom), strict=True) if value is not None}
    if not wished:
        raise PlanError(f"aspire to something: {', '.join(AXES)}")
    reached = frontier.reached(wished)
    plan = best_reached(reached)
    row = frontier.table[frontier.table["plan"] == plan].iloc[0]
    axes = {axis: float(row[axis]) for axis in AXES}
    return {"plan": plan, "reached": bool(reached[plan] >= 0), "achievement": plain(reached[plan]), **axes}


@reads.get("/runs/{name}/maps")
def maps(
    request: Request, name: str, plan: Annotated[list[str], Query(min_length=1, max_length=MOST_PLANS)]
) -> Response:
    """Return the staffing maps of the named plans and these: required, scheduled, service as far as it is known."""
    parts = request.app.state.parts
    return Response(parts.maps.shown(parts.shelf.open(name), plan), media_type="application/json")


@reads.get("/compare")
def compare(request: Request, run: Annotated[list[str], Query(min_length=1, max_length=4)]) -> dict[str, Any]:
    """Return runs beside each other: what their scenarios differ in, Today and the named plans of each."""
    shelf = request.app.state.parts.shelf
    return comparison([(name, shelf.open(name)) for name in dict.fromkeys(run)])


@reads.get("/runs/{name}/export")
def export(request: Request, name: str, plan: str, format: str) -> Response:
    """Download what `planner export` writes; `report` is the page that works offline."""
    opened = request.app.state.parts.shelf.open(name)
    if format == "report":
        return _file("report.html", render_page(opened.frontier).encode("utf-8"))
    return _file(*exported(opened.path, opened.frontier.plan(plan).id, format))


def _file(name: str, data: bytes) -> Response:
    told = f"attachment; filename*=UTF-8''{urllib.parse.quote(name)}"
    return Response(data, media_type="application/octet-stream", headers={"content-disposition": told})


@reads.get("/jobs")
def list_jobs(request: Request) -> JSONResponse:
    """List the jobs, the newest first, with their progress."""
    return JSONResponse([job.shown() for job in request.app.state.parts.jobs.all()[:50]])


@reads.get("/jobs/{id}")
def read_job(request: Request, id: str) -> dict[str, Any]:
    """Return one job."""
    found: dict[str, Any] = plain(request.app.state.parts.jobs.get(id).shown())
    return found


@questions.post("/runs/{name}/what-if")
def what_if(request: Request, name: str, body: WhatIf) -> list[dict[str, Any]]:
    """Answer what a change does to a plan, in seconds."""
    parts = request.app.state.parts
    opened = parts.shelf.open(name)
    answers: list[dict[str, Any]] = parts.asker.ask(opened.path, opened.frontier.plan(body.plan).id, body.question())
    return answers


@questions.post("/runs/{name}/plan-again", status_code=202)
def again(request: Request, name: str, body: PlanAgain) -> dict[str, Any]:
    """Queue a run of the same scenario from this one, with parts of a plan kept, limits and growth of demand."""
    parts = request.app.state.parts
    opened = parts.shelf.open(name)
    chosen = {"run": name, "plan": body.plan if body.keep else "", "keep": list(body.keep), "limits": body.limits}
    choice = choice_of({"format": "planner choice 1"} | chosen)
    if choice.keep:  # tell what cannot be kept now, not when its turn comes
        held = held_from(opened.frontier.model, "model.npz")
        pins_of(held, held.plan(opened.frontier.plan(choice.plan).id), choice.keep)
    changes = limit_changes(choice.limits, opened.path)
    changes += [] if body.growth is None else [f"demand.growth={body.growth!r}"]
    command = plan_again(
        opened.path,
        scenario_of(opened.path, parts.settings.scenarios),
        plan=choice.plan,
        keep=choice.keep,
        changes=changes,
        seed=int(RunDirectory(opened.path).manifest().get("seed") or 0) if body.seed is None else body.seed,
        workers=parts.settings.workers,
    )
    title = ", ".join([f"plan again from {name}", *_asked(choice, body.growth)])
    return _told(parts.jobs.add("plan", name, title, command))


def _asked(choice: Choice, growth: float | None) -> list[str]:
    words = [f"keeping {', '.join(choice.keep)} of {choice.plan}"] if choice.keep else []
    if "cost" in choice.limits:
        words.append(f"for {choice.limits['cost']:,.0f} at most")
    if "headroom" in choice.limits:
        words.append(f"at a headroom of {choice.limits['headroom']:.1%} or more")
    return words if growth is None else [*words, f"with demand {growth:+.1%}"]


@questions.post("/runs/{name}/simulated-service")
def simulated_service(request: Request, name: str, body: OnePlan) -> dict[str, Any]:
    """Simulate a plan as the run did its named ones, in seconds; its map has the answers in time from then on."""
    parts = request.app.state.parts
    parts.maps.simulate(parts.shelf.open(name), body.plan)
    return {"plan": body.plan}


@questions.post("/runs/{name}/simulate", status_code=202)
def simulate(request: Request, name: str, body: Simulate) -> dict[str, Any]:
    """Queue a simulation of a plan, contact by contact."""
    parts = request.app.state.parts
    opened = parts.shelf.open(name)
    plan = opened.frontier.plan(body.plan).id
    command = simulated(
        opened.path,
        plan=plan,
        surge=body.surge,
        replications=body.replications,
        seed=body.seed,
        workers=parts.settings.workers,
    )
    title = f"simulate {plan} of {name}, {body.replications} times" + (f", demand × {body.surge:g}" * (body.surge != 1))
    return _told(parts.jobs.add("simulate", name, title, command))


@questions.post("/jobs/{id}/cancel")
def cancel(request: Request, id: str) -> dict[str, Any]:
    """Take a job out of the queue, or stop it."""
    return _told(request.app.state.parts.jobs.cancel(id))


@questions.post("/jobs/{id}/again", status_code=202)
def repeat(request: Request, id: str) -> dict[str, Any]:
    """Queue a job that did not finish once more."""
    return _told(request.app.state.parts.jobs.again(id))


def _told(job: Any) -> dict[str, Any]:
    found: dict[str, Any] = plain(job.shown())
    return found
