"""Contacts as flow on a network: arrays, steady state, evaluation and the linear master."""
