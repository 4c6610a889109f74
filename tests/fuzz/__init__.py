"""Damaged and mutated input, the same in each run."""
