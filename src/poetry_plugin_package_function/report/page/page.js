const ROWS = 100; // of the table at first; so many more with each wish for more
const ITEMS = 100; // of the tree that are there before they are asked for
const ZOOM_MS = 200;
const MEASURES = ["unzipped", "zipped"];

const [map, canvas, hover, crumbs, table, more, found, query, facts] = [
  "map", "canvas", "hover", "crumbs", "table", "more", "found", "query", "facts",
].map((id) => document.getElementById(id));

const data = JSON.parse(document.getElementById("data").textContent);
const root = treeOf(data);

let measure = UNZIPPED;
let level = root; // whose parts the picture, the tree and the table show
let active = root.ordered(measure)[0]; // the part that the keyboard is at
let hits = []; // the files that are found
let hit = -1; // the one of them that Enter has gone to
let rows = ROWS;
let tiles = [];
let drawn = null; // the place that the tiles are in

function isSearching() {
  return query.value.trim() !== "";
}

function go(node, part = node.ordered(measure)[0]) {
  const before = level;
  const from = [table, crumbs].find((each) => each.contains(document.activeElement));
  const inward = boxOf(node);
  level = node;
  active = part;
  rows = ROWS;
  show();
  const outward = boxOf(before);
  if (inward) animate(scaled(inward));
  else if (outward) animate(unscaled(outward));
  if (from === table) table.querySelector("tbody button")?.focus();
  else if (from === crumbs) map.focus();
}

function open(node) {
  if (node.isFile) activate(node);
  else go(node);
}

/** Zooms out to the level above, where the one that was left is active. */
function leave() {
  go(level.parent, level);
}

/** Shows all that depends on the level, the measure and the search. */
function show() {
  tell();
  picture();
  breadcrumb();
  tabulate();
  map.setAttribute("aria-label", `Treemap of ${titleOf(level)}`);
  map.querySelectorAll("[role=treeitem]").forEach((each) => each.remove());
  level.ordered(measure).slice(0, ITEMS).forEach(item);
  activate(active);
}

function picture() {
  drawn = { x: 0, y: 0, width: map.clientWidth, height: map.clientHeight };
  tiles = arrange(level, drawn, measure);
  draw(canvas, tiles, isSearching());
  hover.hidden = true;
}

function boxOf(node) {
  return tiles.find((tile) => tile.node === node)?.box;
}

/** Puts an element where a box is; what has hardly any area can still be seen. */
function put(element, box) {
  const { x, y, width, height } = box ?? { x: Infinity, y: Infinity, width: 0, height: 0 };
  element.style.left = `${Math.min(x, drawn.width - 8)}px`;
  element.style.top = `${Math.min(y, drawn.height - 8)}px`;
  element.style.width = `${Math.max(width, 8)}px`;
  element.style.height = `${Math.max(height, 8)}px`;
}

/** The tree's item for a part of the level: it is made when it is needed. */
function item(node) {
  const siblings = level.ordered(measure);
  const index = siblings.indexOf(node);
  const known = document.getElementById(`item-${index}`);
  if (known) return known;
  const element = make("div", {
    id: `item-${index}`,
    role: "treeitem",
    "aria-level": node.depth,
    "aria-posinset": index + 1,
    "aria-setsize": siblings.length,
    "aria-label": labelOf(node),
    "aria-selected": false,
  });
  if (!node.isFile) element.setAttribute("aria-expanded", false);
  element.dataset.index = index;
  put(element, boxOf(node));
  const items = [...map.querySelectorAll("[role=treeitem]")];
  const after = items.find((each) => Number(each.dataset.index) > index);
  map.insertBefore(element, after ?? hover);
  return element;
}

function activate(node) {
  active = node;
  if (!node) return;
  map.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", false);
  const element = item(node);
  element.setAttribute("aria-selected", true);
  map.setAttribute("aria-activedescendant", element.id);
  describe(node);
}

function find() {
  hits = search(root, query.value);
  hit = -1;
  rows = ROWS;
  show();
}

/** Goes to the largest file that is found, then to the next. */
function next(step) {
  if (!hits.length) return;
  if (hit < 0) {
    hits.sort((one, other) => other.bytes[measure] - one.bytes[measure]);
  }
  hit = (hit + step + hits.length) % hits.length;
  go(hits[hit].parent, hits[hit]);
}

function scaled({ x, y, width, height }) {
  const [across, down] = [width / map.clientWidth, height / map.clientHeight];
  return `translate(${x}px, ${y}px) scale(${across}, ${down})`;
}

function unscaled({ x, y, width, height }) {
  const across = map.clientWidth / Math.max(width, 8);
  const down = map.clientHeight / Math.max(height, 8);
  return `scale(${across}, ${down}) translate(${-x}px, ${-y}px)`;
}

/** Lets the picture come from where it was. */
function animate(transform) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  canvas.animate([{ transform }, { transform: "none" }], {
    duration: ZOOM_MS,
    easing: "ease-out",
  });
}

function under(event) {
  const { left, top } = canvas.getBoundingClientRect();
  return tilesAt(tiles, event.clientX - left, event.clientY - top);
}

map.addEventListener("pointermove", (event) => {
  const tile = under(event).at(-1);
  hover.hidden = !tile;
  if (!tile) return;
  put(hover, tile.box);
  describe(tile.node);
});

map.addEventListener("pointerleave", () => {
  hover.hidden = true;
  if (active) describe(active);
});

map.addEventListener("click", (event) => {
  const [tile] = under(event);
  if (tile) open(tile.node);
});

map.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !active) return;
  const siblings = level.ordered(measure);
  const index = siblings.indexOf(active);
  const targets = {
    ArrowRight: index + 1,
    ArrowDown: index + 1,
    ArrowLeft: index - 1,
    ArrowUp: index - 1,
    Home: 0,
    End: siblings.length - 1,
  };
  if (event.key in targets) activate(siblings[targets[event.key]] ?? active);
  else if (event.key === "Enter" || event.key === " ") open(active);
  else return;
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (event.target === query && query.value) {
    query.value = "";
    find();
  } else if (level.parent) {
    leave();
  } else {
    return;
  }
  event.preventDefault();
});

query.addEventListener("input", find);
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter") next(event.shiftKey && hit >= 0 ? -1 : 1);
});

for (const radio of document.querySelectorAll("input[name=measure]")) {
  radio.addEventListener("change", () => {
    measure = Number(radio.value);
    hit = -1;
    show();
  });
}

more.addEventListener("click", () => {
  const first = rows;
  rows += ROWS;
  tabulate();
  table.tBodies[0].rows[first].querySelector("button").focus();
});

document.getElementById("totals").textContent =
  `${count(root.files, "file")}. The ZIP has ${count(data.output_bytes, "byte")}. ` +
  (data.limit_bytes === null
    ? `Unzipped it has ${count(data.unzipped_bytes, "byte")}.`
    : `${data.service} counts ${count(data.unzipped_bytes, "byte")} unzipped, ` +
      `${share(data.unzipped_bytes, data.limit_bytes)} of the ` +
      `${number(data.limit_bytes)} that it allows.`);
document.getElementById("hatched").hidden = !root.nestedFiles;

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", picture);
show();
new ResizeObserver(() => {
  const { width, height } = drawn;
  if (width === map.clientWidth && height === map.clientHeight) return;
  picture();
  for (const element of map.querySelectorAll("[role=treeitem]")) {
    put(element, boxOf(level.ordered(measure)[Number(element.dataset.index)]));
  }
}).observe(map);
