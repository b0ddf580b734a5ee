"""What is predicted. One file is one task, found by its name."""
