"""From a table to what the network is fed: kinds and task inferred, rows divided."""
