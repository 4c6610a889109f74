function under(event) {
  const { left, top } = canvas.getBoundingClientRect();
  return tilesAt(tiles, event.clientX - left, event.clientY - top);
}

map.addEventListener("pointermove", (event) => {
  if (event.pointerType === "touch") return; // a finger hides what it points at
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
  const tile = view.target(under(event));
  if (tile) open(tile.node);
});

map.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !active) return;
  const siblings = view.level.ordered(view.measure);
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
  } else if (view.level.parent) {
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
expression.addEventListener("change", find);

function chosen(name, use) {
  for (const radio of document.querySelectorAll(`input[name=${name}]`)) {
    radio.addEventListener("change", () => use(Number(radio.value)));
  }
}

chosen("view", (index) => look(views[index]));
chosen("measure", (index) => {
  view.measure = index;
  hit = -1;
  show();
});
chosen("colour", (index) => {
  byInit = index === 1;
  document.body.classList.toggle("by-init", byInit);
  picture();
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", picture);

for (const each of document.querySelectorAll(".with-init")) each.hidden = !imports;
document.getElementById("without-init").hidden = !data.why_no_init;
document.getElementById("why-without").textContent = data.why_no_init;
document.getElementById("nested").hidden = !files.nested;
document.getElementById("in-init").textContent =
  `${size(files.inInit[UNZIPPED])} of ${size(files.amounts[UNZIPPED])} unzipped`;
sums(data, files, imports);
look(view);

new ResizeObserver(() => {
  const { width, height } = drawn;
  if (width === map.clientWidth && height === map.clientHeight) return;
  picture();
  for (const element of map.querySelectorAll("[role=treeitem]")) {
    put(element, boxOf(view.level.ordered(view.measure)[Number(element.dataset.index)]));
  }
}).observe(map);
