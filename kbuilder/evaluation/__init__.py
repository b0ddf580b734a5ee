"""What a model is worth, beside an answer that ignores the input."""
