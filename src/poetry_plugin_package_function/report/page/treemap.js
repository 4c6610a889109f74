const LEAST_AREA = 1; // square pixels of a tile
const LEAST_SIDE = 5; // pixels of a tile whose parts are drawn

/** Finds a place for all below a node that is large enough to be seen. */
function arrangeTreemap(node, box, measure, above = "") {
  const children = node.ordered(measure);
  const sizes = children.map((child) => child.amounts[measure]);
  return squarify(sizes, box, LEAST_AREA).map((place, index) => {
    const child = children[index];
    const known = sameName(child.name);
    const titled = !child.isLeaf && hasTitle(place) && known !== above;
    const inner = child.isLeaf ? null : inside(place, titled);
    return {
      node: child,
      box: place,
      titled,
      tiles: inner ? arrangeTreemap(child, inner, measure, known) : [],
    };
  });
}

/** A distribution's name and that of its package, if they are the same to people. */
function sameName(name) {
  return name.toLowerCase().replace(/[-_.]/g, "-");
}

/** The place for the parts of a directory; null if they could not be told apart. */
function inside({ x, y, width, height }, titled) {
  if (width < LEAST_SIDE || height < LEAST_SIDE) return null;
  const edge = width < 40 || height < 40 ? 1 : 2;
  const top = titled ? LINE + 2 : edge;
  return { x: x + edge, y: y + top, width: width - 2 * edge, height: height - edge - top };
}

function hasTitle({ width, height }) {
  return width >= 3 * LINE && height >= 3 * LINE;
}

/** Draws tiles: what is searched for stands out, or what INIT needs. */
function drawTreemap(canvas, tiles, { measure, searching, byInit }) {
  const colours = coloursOf(canvas);
  const context = emptied(canvas, colours.panel);
  const hatch = hatching(context, colours.hatch);
  const markHatch = hatching(context, colours["mark-hatch"]);

  function paint({ node, box, tiles: parts, titled }) {
    const area = pixels(box, node.parent.kind === "all" ? 2 : 1);
    const isFrame = parts.length > 0;
    const [fill, text, over] = colour(node, isFrame);
    context.fillStyle = fill;
    context.fillRect(...area);
    if (isFrame) {
      for (const part of parts) paint(part);
    } else if (node.nested === node.count) {
      context.fillStyle = over;
      context.fillRect(...area);
    }
    if (isFrame ? !titled : box.height < LINE) return;
    context.fillStyle = text;
    const lines = isFrame || box.height < 2 * LINE + 4 ? 1 : 2;
    write(context, { name: titleOf(node), amount: size(node.amounts[measure]), box, lines });
  }

  function colour(node, isFrame) {
    const hue = node.owner.hue;
    if (searching || byInit) {
      const isMarked = searching ? node.found.count : node.inInit[measure];
      if (isFrame) return [colours["quiet-frame"], colours["quiet-text"], hatch];
      if (!isMarked) return [colours.quiet, colours["quiet-text"], hatch];
      return searching
        ? [colours.found, colours["found-text"], markHatch]
        : [colours.init, colours["init-text"], markHatch];
    }
    return isFrame
      ? [`hsl(${hue} ${colours.frame})`, colours["frame-text"], hatch]
      : [`hsl(${hue} ${colours.tile})`, colours["tile-text"], hatch];
  }

  for (const tile of tiles) paint(tile);
}
