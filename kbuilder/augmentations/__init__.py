"""How training images are changed at random. One file is one way, found by its name."""
