"""Several layers under one name, for the lists of `sequential`. One file is one block."""
