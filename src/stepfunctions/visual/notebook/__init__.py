"""Executions in a notebook: a picture that stays right while they run, and a page whose states can be clicked."""
