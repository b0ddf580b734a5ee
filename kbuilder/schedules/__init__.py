"""How the learning rate goes over the fit. One file is one schedule."""
