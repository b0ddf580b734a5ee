"""The network: inputs, one architecture per form, then the last layer of each task."""
