"""`make bench`: how fast this tool is, and how large and how slow its results are.

`python -m bench` in the project's root, with the development environment's Python.
docs/benchmarks.md tells what is measured; `--write` puts the figures there. Linux only.
"""

from __future__ import annotations
