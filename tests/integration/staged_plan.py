"""A plan in four stages that keep one piece each, to be stopped in any of them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from toy_frontier import make_frontier

STAGES = 4


def plan(scenario: Any, *, seed: int, executor: Any, progress: Any, checkpoint: Any, **_: Any) -> Any:
    """Hold before the piece of the stage that the environment variable HOLD_AT names."""
    for stage in range(STAGES):
        progress(f"stage {stage}", 0, 1, "")
        if os.environ.get("HOLD_AT") == str(stage):
            Path("holding").write_text("now")
            executor.submit(time.sleep, 600).result() if executor else time.sleep(600)
        if checkpoint.get(f"stage {stage}") is None:
            checkpoint.put(f"stage {stage}", bytes([stage, seed]))
    return make_frontier({"seed": seed})
