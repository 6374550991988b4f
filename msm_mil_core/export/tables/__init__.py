"""Results as rows for CSV and JSON."""
