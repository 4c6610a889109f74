"""Sets of keys that belong together."""

from __future__ import annotations


class UnionFind:
    """Disjoint sets of keys, and why those of one are together."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._why: list[tuple[str, str]] = []

    def root(self, key: str) -> str:
        """Finds the key that names the set of a key: the first of it by name."""
        while (parent := self._parents.get(key, key)) != key:
            key = parent
        return key

    def unite(self, one: str, other: str, why: str) -> None:
        """Makes one set of those of two keys."""
        roots = sorted((self.root(one), self.root(other)))
        if roots[0] != roots[1]:
            self._parents[roots[1]] = roots[0]
            self._why.append((one, why))

    def why(self, key: str) -> tuple[str, ...]:
        """Says why the keys of a key's set are together."""
        root = self.root(key)
        return tuple(why for one, why in self._why if why and self.root(one) == root)
