"""What is made of probabilities: how true they are, and from where on the answer is yes."""
