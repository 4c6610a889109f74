"""Real libraries answer alike out of a flat and out of a nested function."""
