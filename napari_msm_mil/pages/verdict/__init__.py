"""What the pathologist says about each stage."""
