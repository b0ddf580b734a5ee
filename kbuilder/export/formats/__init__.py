"""What a model is exported to: one class per file, found by the file's name."""
