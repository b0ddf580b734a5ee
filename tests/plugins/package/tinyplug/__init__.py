"""A package of others, which brings one plug-in of each kind."""
