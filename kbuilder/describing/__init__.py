"""What a network comes to: its layers in figures, and a picture of it."""
