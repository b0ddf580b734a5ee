"""The report of a run: one page that opens offline, of the files that the run has."""
