const LEAST_AREA = 1; // square pixels of a tile
const LEAST_SIDE = 5; // pixels of a tile whose parts are drawn
const TITLE = 16; // pixels of height that the name of a directory takes
const FONT = "12px system-ui, sans-serif";

/** Finds a place for all below a node that is large enough to be seen. */
function arrange(node, box, measure) {
  const children = node.ordered(measure);
  const sizes = children.map((child) => child.bytes[measure]);
  return squarify(sizes, box, LEAST_AREA).map((place, index) => {
    const child = children[index];
    const inner = child.isFile ? null : inside(place);
    return {
      node: child,
      box: place,
      titled: inner !== null && hasTitle(place),
      tiles: inner ? arrange(child, inner, measure) : [],
    };
  });
}

/** The place for the parts of a directory; null if they could not be told apart. */
function inside({ x, y, width, height }) {
  if (width < LEAST_SIDE || height < LEAST_SIDE) return null;
  const edge = width < 40 || height < 40 ? 1 : 2;
  const top = hasTitle({ width, height }) ? TITLE : edge;
  return { x: x + edge, y: y + top, width: width - 2 * edge, height: height - edge - top };
}

function hasTitle({ width, height }) {
  return width >= 3 * TITLE && height >= 3 * TITLE;
}

/** The tiles at a point, from the outermost to the innermost. */
function tilesAt(tiles, x, y) {
  const hit = tiles.find(
    ({ box }) =>
      x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height,
  );
  return hit ? [hit, ...tilesAt(hit.tiles, x, y)] : [];
}

/** What the style sheet says of colours, for the scheme that is in force. */
function coloursOf(element) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(name).trim();
  return {
    tile: value("--tile"),
    frame: value("--frame"),
    tileText: value("--tile-text"),
    frameText: value("--frame-text"),
    quiet: value("--quiet"),
    quietText: value("--quiet-text"),
    quietFrame: value("--quiet-frame"),
    quietFrameText: value("--quiet-frame-text"),
    found: value("--found"),
    foundText: value("--found-text"),
    hatch: value("--hatch"),
    foundHatch: value("--found-hatch"),
  };
}

/** Draws tiles; if something is searched for, what is not found is grey. */
function draw(canvas, tiles, searching) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d", { alpha: false });
  context.scale(ratio, ratio);
  context.font = FONT;
  context.textBaseline = "middle";
  context.direction = "ltr";
  const colours = coloursOf(canvas);
  context.fillStyle = colours.quietFrame;
  context.fillRect(0, 0, width, height);
  const hatch = hatching(context, colours.hatch);
  const foundHatch = hatching(context, colours.foundHatch);

  function paint({ node, box, tiles: parts, titled }) {
    const x = Math.round(box.x);
    const y = Math.round(box.y);
    const right = Math.round(box.x + box.width);
    const bottom = Math.round(box.y + box.height);
    const gap = node.isFile && right - x > 3 && bottom - y > 3 ? 1 : 0;
    const area = [x, y, Math.max(right - x - gap, 1), Math.max(bottom - y - gap, 1)];
    const [fill, text] = colour(node, parts.length > 0);
    context.fillStyle = fill;
    context.fillRect(...area);
    if (parts.length) {
      for (const part of parts) paint(part);
    } else if (node.nestedFiles === node.files) {
      context.fillStyle = searching && node.found.files ? foundHatch : hatch;
      context.fillRect(...area);
    }
    const room = box.width - 8;
    if (titled || (!parts.length && room > 24 && box.height > TITLE)) {
      const middle = titled ? TITLE / 2 : Math.min(box.height, 2 * TITLE) / 2;
      context.fillStyle = text;
      context.fillText(fitted(context, titleOf(node), room), box.x + 4, box.y + middle);
    }
  }

  function colour(node, isFrame) {
    const { hue } = node.owner;
    if (isFrame) {
      return searching
        ? [colours.quietFrame, colours.quietFrameText]
        : [`hsl(${hue} ${colours.frame})`, colours.frameText];
    }
    if (!searching) return [`hsl(${hue} ${colours.tile})`, colours.tileText];
    return node.found.files
      ? [colours.found, colours.foundText]
      : [colours.quiet, colours.quietText];
  }

  for (const tile of tiles) paint(tile);
}

/** The pattern over what is nested. */
function hatching(context, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  const pen = canvas.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const start of [-8, 0, 8]) {
    pen.moveTo(start, 8);
    pen.lineTo(start + 8, 0);
  }
  pen.stroke();
  return context.createPattern(canvas, "repeat");
}

/** As much of a text as there is room for. */
function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  const characters = Array.from(text.slice(0, 200));
  let [least, most] = [0, characters.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    const start = characters.slice(0, middle).join("");
    if (context.measureText(`${start}…`).width <= room) least = middle;
    else most = middle - 1;
  }
  return least ? `${characters.slice(0, least).join("")}…` : "";
}
