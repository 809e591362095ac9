"""Forms of the partner network."""
