"""The fit, and what is told of it."""
