"""How far an answer is to be trusted."""
