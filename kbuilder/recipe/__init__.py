"""The recipe: its classes, how it is read, what is wrong with it, and how it is written again."""
