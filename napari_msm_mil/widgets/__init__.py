"""Qt parts that know no slide."""
