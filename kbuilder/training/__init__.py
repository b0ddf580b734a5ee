"""The fit, and what is reported of it."""
