/** Of what is found: how much there is of it, without and with what is in it. */
const NOTHING = { count: 0, own: [0, 0], amounts: [0, 0] };

/**
 * A part of what is drawn, in which there are others; `amounts` by measure, in bytes or
 * microseconds.
 */
class Node {
  constructor(kind, name, parent) {
    this.kind = kind;
    this.name = name;
    this.parent = parent;
    this.owner = parent?.owner ?? null;
    this.children = [];
    this.amounts = [0, 0];
    this.count = 0; // files, or imports, in it
    this.found = NOTHING;
    this.sorted = [null, null];
  }

  get isLeaf() {
    return this.children.length === 0;
  }

  get depth() {
    return this.parent ? this.parent.depth + 1 : 0;
  }

  /** The children, the largest first. */
  ordered(measure) {
    this.sorted[measure] ??= [...this.children].sort(
      (one, other) =>
        other.amounts[measure] - one.amounts[measure] ||
        (one.name < other.name ? -1 : 1),
    );
    return this.sorted[measure];
  }
}

/** The distributions, each with a hue of its own. */
function ownersOf(data) {
  return data.owners.map(([name, version, path], index) => ({
    name,
    version,
    path,
    hue: (index * 137.508) % 360, // the golden angle
  }));
}
