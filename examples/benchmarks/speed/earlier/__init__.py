"""Steps as they were before they became faster, kept as references."""
