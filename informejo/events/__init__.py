"""The log: what happened, its names, and how it is said in words."""
