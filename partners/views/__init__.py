"""Pages of the partner network."""
