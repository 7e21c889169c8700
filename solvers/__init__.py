"""Mathematics on arrays: queueing, flow, shifts, Pareto fronts. Knows nothing of contact-center files."""

from pathlib import Path

from solvers.stale_caches import drop_stale_caches

drop_stale_caches(Path(__file__).parent)
