"""Tests of what is built out of the lock, with Poetry as a library."""
