"""Other models that are fitted beside the network, on the same prepared rows."""
