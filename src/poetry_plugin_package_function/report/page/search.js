/**
 * Says which texts are wanted: those with the words, or those that a regular expression
 * matches, in either case of letters; null if nothing is looked for.
 *
 * Throws a SyntaxError that says what is wrong with an expression.
 */
function matcher(wanted, isExpression) {
  if (isExpression) {
    if (wanted === "") return null;
    const expression = new RegExp(wanted, "imu"); // ^ and $ are those of each name
    return (text) => expression.test(text);
  }
  const words = folded(wanted.trim());
  return words ? (text, lower) => lower.includes(words) : null;
}

function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

/**
 * Marks what is found, and adds up: `own` without what is in it, `amounts` with it, in
 * which nothing counts twice.
 */
function search(root, matches, textOf) {
  const hits = [];
  (function look(node) {
    let found = NOTHING; // as most have, who need none of their own
    for (const child of node.children) {
      look(child);
      if (child.found.count) found = sum(found, child.found);
    }
    node.isHit = matches !== null && isFound(node, matches, textOf);
    if (node.isHit) {
      hits.push(node);
      const { amounts } = node;
      const own = node.own === undefined ? amounts : [node.own, 0];
      found = { ...sum(found, { count: 1, own, amounts }), amounts };
    }
    node.found = found;
  })(root);
  return hits;
}

function isFound(node, matches, textOf) {
  if (node.text === undefined) {
    node.text = textOf(node);
    node.lower = node.text === null ? null : folded(node.text);
  }
  return node.text !== null && matches(node.text, node.lower);
}

function sum(one, other) {
  return {
    count: one.count + other.count,
    own: [one.own[0] + other.own[0], one.own[1] + other.own[1]],
    amounts: [one.amounts[0] + other.amounts[0], one.amounts[1] + other.amounts[1]],
  };
}
