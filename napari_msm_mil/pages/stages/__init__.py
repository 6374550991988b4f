"""How the stages are shown: table, legend, contrast, evidence."""
