"""A network looked into: one step in full, what is wrong, gradients checked, diagrams."""
