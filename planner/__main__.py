"""`python -m planner` is the command line."""

from planner.cli import entry

if __name__ == "__main__":
    entry()
