"""An export behind a server: two public protocols, many clients at once. Needs no training."""
