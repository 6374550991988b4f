"""Fields for what a user types and chooses, forms of them, and the buttons below."""
