const COLUMN = 132; // pixels that a name and its time take
const MOST_COLUMNS = 7;
const LEAST_HEIGHT = 1; // pixels of a tile

/**
 * Finds places: time goes down, and what imports something is at its left. In the order
 * of their times; what is left empty below them is the importing module's own time.
 * Kruskal and Landwehr, "Icicle Plots", 1983.
 */
function arrangeIcicle(level, box, measure) {
  const most = Math.max(3, Math.min(MOST_COLUMNS, Math.floor(box.width / COLUMN)));
  const columns = Math.min(most, heightOf(level, most));
  const width = box.width / Math.max(columns, 1);
  const scale = box.height / level.amounts[measure];

  return (function column(node, depth, top) {
    const tiles = [];
    let y = top;
    for (const child of node.ordered(measure)) {
      const height = child.amounts[measure] * scale;
      if (!(height >= LEAST_HEIGHT)) break; // also if there is no time at all: NaN
      const place = { x: box.x + depth * width, y, width, height };
      const isLast = depth + 1 === columns;
      tiles.push({
        node: child,
        box: place,
        isBeside: true,
        isCut: isLast && !child.isLeaf,
        tiles: isLast ? [] : column(child, depth + 1, y),
      });
      y += height;
    }
    return tiles;
  })(level, 0, box.y);
}

/** How many levels there are below a node, up to a number that is enough. */
function heightOf(node, enough) {
  if (enough === 0 || node.isLeaf) return 0;
  let most = 0;
  for (const child of node.children) {
    most = Math.max(most, heightOf(child, enough - 1) + 1);
    if (most === enough) break;
  }
  return most;
}

/** Draws the imports; those that are searched for stand out. */
function drawIcicle(canvas, tiles, { measure, searching }) {
  const colours = coloursOf(canvas);
  const context = emptied(canvas, colours.panel);

  function paint({ node, box, tiles: parts, isCut }) {
    const area = pixels(box, 1);
    const [fill, text] = colour(node);
    context.fillStyle = fill;
    context.fillRect(...area);
    if (box.height >= 13) {
      context.fillStyle = text;
      const lines = box.height < LINE + 2 ? 0 : box.height < 2 * LINE + 4 ? 1 : 2;
      const narrower = { ...box, width: box.width - (isCut ? 14 : 0) };
      const amount = time(node.amounts[measure]);
      write(context, { name: titleOf(node, true), amount, box: narrower, lines });
      const middle = box.y + Math.min(box.height, LINE + 2) / 2;
      if (isCut) context.fillText("›", box.x + box.width - 14, middle);
    }
    for (const part of parts) paint(part);
  }

  function colour(node) {
    if (searching) {
      return node.isHit
        ? [colours.found, colours["found-text"]]
        : [colours.quiet, colours["quiet-text"]];
    }
    const { hue } = node.owner;
    return hue === null
      ? [colours.plain, colours["plain-text"]]
      : [`hsl(${hue} ${colours.tile})`, colours["tile-text"]];
  }

  for (const tile of tiles) paint(tile);
}
