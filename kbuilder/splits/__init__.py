"""How rows are divided into training, validation and test. One file is one way."""
