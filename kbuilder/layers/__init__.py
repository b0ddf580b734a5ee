"""Keras layers of our own. Only this folder imports Keras at the top of its files."""
