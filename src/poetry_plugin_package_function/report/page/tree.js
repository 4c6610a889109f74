const UNZIPPED = 0;
const ZIPPED = 1;

/** A file, a directory, a distribution, or all of them; `bytes` by measure. */
class Node {
  constructor(kind, name, parent) {
    this.kind = kind;
    this.name = name;
    this.parent = parent;
    this.owner = parent?.owner ?? null;
    this.children = [];
    this.bytes = [0, 0];
    this.files = 0;
    this.nestedFiles = 0;
    this.found = { files: 0, bytes: [0, 0] };
    this.sorted = [null, null];
  }

  get isFile() {
    return this.kind === "file";
  }

  /** The name in the archive, "" above directories. */
  get path() {
    if (this.isFile || this.kind === "directory") {
      const above = this.parent.path;
      return above ? `${above}/${this.name}` : this.name;
    }
    return "";
  }

  get depth() {
    return this.parent ? this.parent.depth + 1 : 0;
  }

  get layout() {
    if (this.nestedFiles === 0) return "flat";
    if (this.nestedFiles === this.files) return "nested";
    return `${count(this.nestedFiles, "file")} of ${number(this.files)} nested`;
  }

  /** The children, the largest first. */
  ordered(measure) {
    this.sorted[measure] ??= [...this.children].sort(
      (one, other) =>
        other.bytes[measure] - one.bytes[measure] || (one.name < other.name ? -1 : 1),
    );
    return this.sorted[measure];
  }

  *[Symbol.iterator]() {
    if (this.isFile) yield this;
    for (const child of this.children) yield* child;
  }
}

/** Makes the tree of what `treemap.as_html` has written. */
function treeOf(data) {
  const root = new Node("all", data.title, null);
  const distributions = data.owners.map(([name, version, path], hue) => {
    const node = new Node("distribution", name, root);
    node.owner = { name, version, path, hue: (hue * 137.508) % 360 }; // golden angle
    return node;
  });
  const directories = new Map();
  for (const [owner, path, files] of data.directories) {
    const distribution = distributions[owner];
    if (!directories.has(distribution)) directories.set(distribution, new Map());
    const directory = descend(distribution, path, directories.get(distribution));
    for (const [name, unzipped, zipped, nested] of files) {
      const file = new Node("file", name, directory);
      file.bytes = [unzipped, zipped];
      file.files = 1;
      file.nestedFiles = nested;
      directory.children.push(file);
    }
  }
  root.children = distributions.filter((each) => each.children.length);
  sumUp(root);
  return root;
}

function descend(distribution, path, known) {
  if (path === "") return distribution;
  if (!known.has(path)) {
    const slash = path.lastIndexOf("/");
    const above = path.slice(0, Math.max(slash, 0));
    const parent = descend(distribution, above, known);
    const node = new Node("directory", path.slice(slash + 1), parent);
    parent.children.push(node);
    known.set(path, node);
  }
  return known.get(path);
}

/** Adds up, and makes one directory of those that have nothing but a directory. */
function sumUp(node) {
  for (const child of node.children) {
    sumUp(child);
    node.files += child.files;
    node.nestedFiles += child.nestedFiles;
    node.bytes[UNZIPPED] += child.bytes[UNZIPPED];
    node.bytes[ZIPPED] += child.bytes[ZIPPED];
  }
  const [only, ...others] = node.children;
  if (node.kind === "directory" && !others.length && only.kind === "directory") {
    node.name += `/${only.name}`;
    node.children = only.children;
    for (const child of node.children) child.parent = node;
  }
}

/** Marks the files whose name in the archive, or whose distribution, has the words. */
function search(root, words) {
  const wanted = folded(words.trim());
  const hits = [];
  (function look(node) {
    node.found = { files: 0, bytes: [0, 0] };
    if (node.isFile && wanted) {
      node.text ??= folded(`${shown(node.path)}\n${shown(node.owner.name)}`);
      if (node.text.includes(wanted)) {
        node.found = { files: 1, bytes: node.bytes };
        hits.push(node);
      }
    }
    for (const child of node.children) {
      look(child);
      node.found.files += child.found.files;
      node.found.bytes[UNZIPPED] += child.found.bytes[UNZIPPED];
      node.found.bytes[ZIPPED] += child.found.bytes[ZIPPED];
    }
  })(root);
  return hits;
}

function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

/** Shows what is not text in a name: bytes, control characters, changes of direction. */
function shown(name) {
  return name.replace(
    /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => {
      const code = character.codePointAt(0);
      return code >= 0xdc80 && code <= 0xdcff
        ? `\\x${(code - 0xdc00).toString(16)}`
        : `\\u${code.toString(16).padStart(4, "0")}`;
    },
  );
}

/** The name that people see. */
function titleOf(node) {
  return shown(node.name) || (node.kind === "distribution" ? "your code" : "");
}

const NUMBERS = new Intl.NumberFormat("en");
const PERCENT = new Intl.NumberFormat("en", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

function number(value) {
  return NUMBERS.format(value);
}

function count(value, what) {
  return `${number(value)} ${what}${value === 1 ? "" : "s"}`;
}

/** A size in the unit that it has at least one of; Lambda's MB has 1,048,576 bytes. */
function size(bytes) {
  for (const [unit, factor] of [["GB", 2 ** 30], ["MB", 2 ** 20], ["KB", 2 ** 10]]) {
    if (bytes >= factor) return `${(bytes / factor).toFixed(1)} ${unit}`;
  }
  return count(bytes, "byte");
}

function share(part, whole) {
  return PERCENT.format(whole ? part / whole : 0);
}
