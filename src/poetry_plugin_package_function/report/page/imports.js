const PYTHONS_OWN = { name: "", version: "", path: [], hue: null };

/** Makes the tree of imports, each in what has imported it; times in microseconds. */
function importsOf(init, owners) {
  const root = new Node("all", "INIT", null);
  const nodes = [];
  for (const [above, name, owner, own, cumulative, memory, line] of init.imports) {
    const node = new Node("import", name, nodes[above] ?? root);
    node.owner = owners[owner] ?? PYTHONS_OWN;
    node.amounts = [cumulative, 0];
    node.own = own;
    node.memory = [memory, memory]; // without what it imports, and with it
    node.line = line;
    node.parent.children.push(node);
    nodes.push(node);
  }
  for (const [name, seconds] of [
    ["Interpreter and client", init.start_s],
    ["Loader and extraction", init.loader_s],
  ]) {
    const node = new Node("phase", name, root);
    node.owner = PYTHONS_OWN;
    node.own = Math.round(seconds * 1e6);
    node.amounts = [node.own, 0];
    if (node.own) root.children.push(node);
  }
  root.own = 0;
  const drawn = root.children.reduce((all, each) => all + each.amounts[0], 0);
  const measured = (init.start_s + init.loader_s + init.imports_s) * 1e6;
  root.amounts[0] = Math.max(drawn, Math.round(measured));
  root.memory = [0, 0];
  for (const node of nodes.reverse()) {
    node.count += 1;
    node.parent.count += node.count;
    node.parent.memory[1] += node.memory[1];
  }
  return root;
}

/** A module without the packages that its importer is in, too: `.frame`. */
function relative(node) {
  if (node.parent?.kind !== "import") return node.name;
  const [parts, above] = [node.name.split("."), node.parent.name.split(".")];
  let common = 0;
  while (common < parts.length - 1 && parts[common] === above[common]) common += 1;
  return common ? `.${parts.slice(common).join(".")}` : node.name;
}

/** The line of the project that has brought a module in, itself or from afar. */
function lineOf(node) {
  for (let each = node; each; each = each.parent) if (each.line) return each.line;
  return "";
}
