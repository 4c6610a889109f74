const LINE = 16; // pixels of height that a line of text takes
const LEAST_ROOM = 32; // pixels of width in which the start of a name says something
const FONT = "12px system-ui, sans-serif";
const STRONG = `600 ${FONT}`;

const COLOURS = [
  ...["panel", "tile", "tile-text", "frame", "frame-text", "plain", "plain-text"],
  ...["quiet", "quiet-text", "quiet-frame", "found", "found-text", "init", "init-text"],
  ...["hatch", "mark-hatch"],
];

/** What the style sheet says of colours, for the scheme that is in force. */
function coloursOf(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  );
}

/** Makes a canvas as sharp as the screen is, and empty. */
function emptied(canvas, ground) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d", { alpha: false });
  context.scale(ratio, ratio);
  context.textBaseline = "middle";
  context.direction = "ltr";
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  return context;
}

/** The whole pixels of a box, without the gap that parts it from the next. */
function pixels(box, gap) {
  const [x, y] = [Math.round(box.x), Math.round(box.y)];
  const [width, height] = [Math.round(box.x + box.width) - x, Math.round(box.y + box.height) - y];
  const less = (side) => Math.max(side > 3 ? side - gap : side, 1);
  return [x, y, less(width), less(height)];
}

/** Writes a name and, on its line if that has room, else below it, an amount. */
function write(context, { name, amount, box, lines }) {
  const [left, room] = [box.x + 5, box.width - 10];
  const middle = box.y + (lines < 1 ? box.height / 2 : LINE / 2 + 1);
  context.font = STRONG;
  const title = fitted(context, name, room);
  if (!title) return;
  const end = context.measureText(title).width + 6;
  context.fillText(title, left, middle);
  context.font = FONT;
  const width = context.measureText(amount).width;
  if (lines > 1 && width <= room) context.fillText(amount, left, middle + LINE - 1);
  else if (lines <= 1 && end + width <= room) context.fillText(amount, left + end, middle);
}

const WIDTHS = new Map();

/** As much of a text as there is room for. */
function fitted(context, text, room) {
  const start = text.slice(0, 200);
  if (!WIDTHS.has(start)) WIDTHS.set(start, context.measureText(start).width);
  if (start === text && WIDTHS.get(start) <= room) return text;
  if (room < LEAST_ROOM) return "";
  const characters = Array.from(start);
  let [least, most] = [0, characters.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    const part = characters.slice(0, middle).join("");
    if (context.measureText(`${part}…`).width <= room) least = middle;
    else most = middle - 1;
  }
  return least ? `${characters.slice(0, least).join("")}…` : "";
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

/** The tiles at a point, from the outermost to the innermost. */
function tilesAt(tiles, x, y) {
  for (const tile of tiles) {
    const { box } = tile;
    const isIn = x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
    const inner = tile.isBeside || isIn ? tilesAt(tile.tiles, x, y) : [];
    if (isIn || inner.length) return [tile, ...inner];
  }
  return [];
}
