"""Features that were encoded before: which file is a slide's, whether it fits, and how it is run."""
