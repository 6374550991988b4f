"""The slides that are named: files, folders, patterns, tables, and shares of them."""
