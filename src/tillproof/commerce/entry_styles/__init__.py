"""How ways into the code are declared: one module for each group of declaration styles."""
