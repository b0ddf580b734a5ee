"""How one raw column becomes one tensor. One file is one kind, found by its name."""
