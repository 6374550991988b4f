"""Results for other programs and other people."""
