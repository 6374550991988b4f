"""The dock widget "Run MSM-MIL": it connects forms, pages, files and layers."""
