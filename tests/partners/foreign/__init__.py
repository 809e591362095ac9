"""The product and another vendor's implementation, over real HTTP on this machine."""
