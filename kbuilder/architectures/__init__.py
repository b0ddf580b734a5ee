"""How a prediction is computed, but for the last layer. One file is one network."""
