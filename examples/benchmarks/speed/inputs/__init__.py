"""What is measured is measured on: slides, bags and results that are drawn."""
