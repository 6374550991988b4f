"""What commands do once their options are known: here is what takes long to import."""
