"""What a fit leaves behind, and what it is resumed from."""
