"""A plain Keras script that does what a recipe does, without kbuilder."""
