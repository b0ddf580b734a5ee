"""What stands for words and labels that have no name of their own."""

UNKNOWN, GONE = "(unknown)", "(missing)"
