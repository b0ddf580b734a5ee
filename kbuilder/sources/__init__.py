"""Where rows come from. One file is one kind of source, found by its name."""
