"""Named columns of equal length, and the files that hold them."""
