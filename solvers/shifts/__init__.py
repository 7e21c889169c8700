"""Shifts: the catalogue of a pool, covers of a day, people of a week."""
