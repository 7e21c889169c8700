"""One file per target system: what it takes, and who executes or checks it here."""
