"""The command line: one file per verb, without logic of its own."""
