"""The model leaves: raw columns in, names out, without a line of kbuilder."""
