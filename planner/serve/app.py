"""The application: its parts in one place, errors in words, and the server around it."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from planner import __version__
from planner.errors import PlannerError, RunError
from planner.runs.lock import locked
from planner.serve.asking import Asker
from planner.serve.jobs import Jobs
from planner.serve.maps import Maps
from planner.serve.routes import pages, questions, reads
from planner.serve.security import Guard
from planner.serve.shelf import Shelf

STATE = ".serve"
"""Folder beside the runs that keeps jobs and the lock of the server."""


def _nobody(words: str) -> None:
    pass


@dataclass(frozen=True)
class Settings:
    """What is served: the folder of runs, files of their scenarios, workers of a job, the token of writes."""

    folder: Path
    scenarios: tuple[Path, ...] = ()
    workers: int = 1
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    tell: Callable[[str], None] = _nobody


@dataclass(frozen=True)
class Parts:
    """What the routes work with."""

    settings: Settings
    shelf: Shelf
    jobs: Jobs
    asker: Asker
    simulator: Asker
    maps: Maps


def create_app(settings: Settings) -> FastAPI:
    """Make the application of a folder of runs; jobs start and end with it (its lifespan)."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        jobs = Jobs(settings.folder / STATE / "jobs", settings.tell)
        simulator = Asker()  # of its own: a question is not to wait for a simulation
        app.state.parts = Parts(settings, Shelf(settings.folder), jobs, Asker(), simulator, Maps(simulator))
        try:
            yield
        finally:
            app.state.parts.asker.close()
            simulator.close()
            jobs.close()

    app = FastAPI(title="planner serve", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    for router in (pages, reads, questions):
        app.include_router(router)
    app.add_exception_handler(PlannerError, _refused)
    app.add_exception_handler(ValueError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Guard, token=settings.token)
    return app


async def _refused(request: Request, err: Exception) -> JSONResponse:
    missing = isinstance(err, RunError) and str(err).startswith("no run ")
    return JSONResponse({"error": str(err)}, status_code=404 if missing else 400)


async def _invalid(request: Request, err: Exception) -> JSONResponse:
    assert isinstance(err, RequestValidationError)
    first: dict[str, Any] = err.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    return JSONResponse({"error": f"{place}: {first['msg']}"}, status_code=422)


def bound_socket(port: int) -> socket.socket:
    """Take a port of 127.0.0.1, and of nothing else; 0: any free one.

    Raises
    ------
    RunError
        Somebody else has it.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let another program take the port away
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError as err:
        listening.close()
        raise RunError(f"port {port}: {err.strerror}; choose another with --port, 0 takes a free one") from err
    return listening


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other servers away from a folder: two would run its jobs twice.

    Raises
    ------
    RunError
        Another server has it.
    """
    with locked(folder / STATE / "lock"):
        yield


def serve_until_stopped(settings: Settings, listening: socket.socket) -> None:
    """Serve on a socket until the process is interrupted."""
    import uvicorn  # lazy: tests of the application need no server

    app = create_app(settings)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=3
    )
    uvicorn.Server(config).run(sockets=[listening])
