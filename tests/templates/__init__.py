"""Functions that other tools' templates declare."""
