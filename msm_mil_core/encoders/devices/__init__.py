"""What runs a network: CPU and GPUs."""
