"""Mathematics on arrays: queueing, flow, shifts, Pareto fronts. Knows nothing of contact-center files."""
