"""What is said of files that are not read."""
