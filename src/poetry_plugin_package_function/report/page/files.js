const UNZIPPED = 0;
const ZIPPED = 1;
const NESTED = 1; // bits of what is known of a file
const IN_INIT = 2;

/** Makes the tree of files of what `treemap.as_html` has written. */
function filesOf(data, owners) {
  const root = fileNode("all", data.title, null);
  const distributions = owners.map((owner) => {
    const node = fileNode("distribution", owner.name, root);
    node.owner = owner;
    return node;
  });
  const directories = new Map();
  for (const [owner, path, files] of data.directories) {
    const distribution = distributions[owner];
    if (!directories.has(distribution)) directories.set(distribution, new Map());
    const directory = descend(distribution, path, directories.get(distribution));
    for (const [name, unzipped, zipped, marks] of files) {
      const file = fileNode("file", name, directory);
      file.amounts = [unzipped, zipped];
      file.count = 1;
      file.nested = marks & NESTED ? 1 : 0;
      if (marks & IN_INIT) file.inInit = file.amounts;
      directory.children.push(file);
    }
  }
  root.children = distributions.filter((each) => !each.isLeaf);
  sumUp(root);
  return root;
}

function fileNode(kind, name, parent) {
  const node = new Node(kind, name, parent);
  node.nested = 0; // how many files are
  node.inInit = [0, 0]; // bytes that INIT has read
  return node;
}

function descend(distribution, path, known) {
  if (path === "") return distribution;
  if (!known.has(path)) {
    const slash = path.lastIndexOf("/");
    const above = path.slice(0, Math.max(slash, 0));
    const parent = descend(distribution, above, known);
    const node = fileNode("directory", path.slice(slash + 1), parent);
    parent.children.push(node);
    known.set(path, node);
  }
  return known.get(path);
}

/** Adds up, and makes one directory of those that have nothing but a directory. */
function sumUp(node) {
  for (const child of node.children) sumUp(child);
  if (node.children.length) {
    const all = (value) => node.children.reduce((total, each) => total + value(each), 0);
    node.count = all((each) => each.count);
    node.nested = all((each) => each.nested);
    node.amounts = node.amounts.map((_, index) => all((each) => each.amounts[index]));
    node.inInit = node.inInit.map((_, index) => all((each) => each.inInit[index]));
  }
  const [only, ...others] = node.children;
  if (node.kind === "directory" && !others.length && only.kind === "directory") {
    node.name += `/${only.name}`;
    node.children = only.children;
    for (const child of node.children) child.parent = node;
  }
}

/** The name in the archive, "" above directories. */
function pathOf(node) {
  if (node.kind !== "file" && node.kind !== "directory") return "";
  const above = pathOf(node.parent);
  return above ? `${above}/${node.name}` : node.name;
}

function layoutOf(node) {
  if (node.nested === 0) return "flat";
  if (node.nested === node.count) return "nested";
  return `${number(node.nested)} of ${count(node.count, "file")} nested`;
}
