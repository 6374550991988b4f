"""What the product promises when things go wrong, tried many times: `make reliability`."""
