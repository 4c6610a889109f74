const ITEMS = 100; // of the tree that are there before they are asked for
const ZOOM_MS = 200;

const data = JSON.parse(document.getElementById("data").textContent);
const owners = ownersOf(data);
const files = filesOf(data, owners);
const imports = data.init ? importsOf(data.init, owners) : null;
const views = [viewOfSizes(files, data), ...(imports ? [viewOfInit(imports)] : [])];

let view = views[0];
let active = view.root.ordered(view.measure)[0]; // the part that the keyboard is at
let described = null; // the part whose details are shown
let byInit = false; // whether the treemap has the colours of what INIT needs
let hits = []; // what is found
let hit = -1; // the one of them that Enter has gone to
let fault = ""; // what is wrong with a regular expression
let tiles = [];
let drawn = null; // the place that the tiles are in, and what they are of

function isSearching() {
  return !fault && query.value.trim() !== "";
}

function go(node, part = node.ordered(view.measure)[0]) {
  const before = view.level;
  const from = [table, crumbs].find((each) => each.contains(document.activeElement));
  const inward = boxOf(node);
  view.level = node;
  active = part;
  rows = ROWS;
  show();
  const outward = boxOf(before);
  if (inward) animate(scaled(inward));
  else if (outward) animate(unscaled(outward));
  if (from === table) table.querySelector("tbody button")?.focus();
  else if (from === crumbs) map.focus();
}

/** Goes into a part; one that has nothing in it is only shown. */
function open(node) {
  if (!node.isLeaf) go(node);
  else if (node.parent === view.level) activate(node);
  else go(node.parent, node);
}

/** Zooms out to the level above, where the one that was left is active. */
function leave() {
  go(view.level.parent, view.level);
}

/** Changes between sizes and INIT, each of which stays where it was left. */
function look(other) {
  view = other;
  document.body.dataset.view = view.name;
  active = view.level.ordered(view.measure)[0];
  find();
}

/** Shows all that depends on the view, its level, the measure and the search. */
function show() {
  const { level, measure } = view;
  tell();
  picture();
  breadcrumb();
  tabulate();
  map.setAttribute("aria-label", `${view.picture} of ${titleOf(level)}`);
  map.querySelectorAll("[role=treeitem]").forEach((each) => each.remove());
  level.ordered(measure).slice(0, ITEMS).forEach(item);
  described = null;
  activate(active);
}

function picture() {
  const { level, measure } = view;
  const [width, height] = [map.clientWidth, map.clientHeight];
  const key = [view.name, measure, width, height].join();
  if (drawn?.level !== level || drawn.key !== key) {
    drawn = { level, key, x: 0, y: 0, width, height };
    tiles = view.arrange(level, drawn, measure);
  }
  view.draw(canvas, tiles, { measure, searching: isSearching(), byInit });
  hover.hidden = true;
}

/** The box of a part, which may be some levels down; undefined if it is not drawn. */
function boxOf(node) {
  const path = [];
  for (let each = node; each && each !== view.level; each = each.parent) path.unshift(each);
  let [inner, found] = [tiles, undefined];
  for (const each of path) {
    found = inner.find((tile) => tile.node === each);
    inner = found?.tiles ?? [];
  }
  return found?.box;
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
  const { level, measure } = view;
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
    "aria-label": view.label(node, measure, isSearching()),
    "aria-selected": false,
  });
  if (!node.isLeaf) element.setAttribute("aria-expanded", false);
  element.dataset.index = index;
  put(element, boxOf(node));
  const items = [...map.querySelectorAll("[role=treeitem]")];
  const after = items.find((each) => Number(each.dataset.index) > index);
  map.insertBefore(element, after ?? hover);
  return element;
}

function activate(node) {
  active = node;
  if (!node) {
    facts.replaceChildren();
    return;
  }
  map.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", false);
  const element = item(node);
  element.setAttribute("aria-selected", true);
  map.setAttribute("aria-activedescendant", element.id);
  describe(node);
}

function find() {
  fault = "";
  let matches = null;
  try {
    matches = matcher(query.value, expression.checked);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    fault = error.message.replace(/^.*: /s, "");
  }
  hits = search(view.root, matches, view.textOf);
  hit = -1;
  rows = ROWS;
  show();
}

/** Goes to the largest that is found, then to the next. */
function next(step) {
  if (!hits.length) return;
  const { measure } = view;
  if (hit < 0) {
    hits.sort((one, other) => other.amounts[measure] - one.amounts[measure]);
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
