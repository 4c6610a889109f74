/** Makes an element. A text is a text, whatever is in it. */
function make(name, properties, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...content);
  return element;
}

/** Names, each with a direction of its own. */
function joined(names, separator) {
  return names.flatMap((name, index) => [
    ...(index ? [separator] : []),
    make("bdi", null, shown(name)),
  ]);
}

/** What a screen reader says of a part. */
function labelOf(node) {
  const { version, path } = node.owner;
  const isDistribution = node.kind === "distribution";
  return [
    isDistribution ? `${titleOf(node)} ${shown(version)}`.trim() : titleOf(node),
    node.kind,
    `${size(node.bytes[measure])} ${MEASURES[measure]}`,
    `${share(node.bytes[measure], root.bytes[measure])} of all`,
    ...(node.isFile ? [] : [count(node.files, "file")]),
    node.layout,
    ...(isSearching() ? [`${number(node.found.files)} found`] : []),
    ...(isDistribution && path.length ? [path.map(shown).join(" > ")] : []),
  ].join(", ");
}

/** Shows the details of a part. */
function describe(node) {
  const { name, version, path } = node.owner;
  const isDistribution = node.kind === "distribution";
  const known = [
    [node.kind, [titleOf(node)]],
    ["In the archive", joined([node.path], "")],
    ["Distribution", isDistribution ? [] : joined([name], "")],
    ["Version", [shown(version)]],
    ["Dependency path", joined(path, " > ")],
    ["Files", [node.isFile ? "" : number(node.files)]],
    ...MEASURES.map((measured, index) => [
      measured,
      [
        `${count(node.bytes[index], "byte")}, `,
        `${share(node.bytes[index], root.bytes[index])} of all`,
      ],
    ]),
    ["Layout", [node.layout]],
  ];
  facts.replaceChildren(
    ...known
      .filter(([, content]) => content.some((each) => each.textContent ?? each))
      .map(([term, content]) =>
        make("div", null, make("dt", null, term), make("dd", null, ...content)),
      ),
  );
}

/** Shows where the level is, and the ways up from it. */
function breadcrumb() {
  const path = [];
  for (let node = level; node; node = node.parent) path.unshift(node);
  crumbs.replaceChildren(
    ...path.map((node) => {
      const title = make("bdi", null, titleOf(node));
      if (node === level) {
        return make("li", null, make("span", { "aria-current": "location" }, title));
      }
      const child = path[path.indexOf(node) + 1];
      const button = make("button", { type: "button" }, title);
      button.addEventListener("click", () => go(node, child));
      return make("li", null, button);
    }),
  );
}

/** Shows the level as a table. */
function tabulate() {
  const searching = isSearching();
  const parts = level
    .ordered(measure)
    .filter((node) => !searching || node.found.files);
  const body = parts.slice(0, rows).map((node) => {
    const { version, path } = node.owner;
    const button = make("button", { type: "button" }, make("bdi", null, titleOf(node)));
    button.addEventListener("click", () => open(node));
    const row = make(
      "tr",
      null,
      make("th", { scope: "row" }, button),
      make("td", { className: "of-all" }, shown(version)),
      make("td", { className: "of-all" }, ...joined(path, " > ")),
      make("td", { className: "figure" }, number(node.bytes[UNZIPPED])),
      make("td", { className: "figure" }, number(node.bytes[ZIPPED])),
      make("td", { className: "figure" }, share(node.bytes[measure], root.bytes[measure])),
      make("td", { className: "figure" }, number(node.files)),
      make("td", null, node.layout),
      make("td", { className: "figure searched" }, number(node.found.bytes[measure])),
    );
    row.addEventListener("focusin", () => activate(node));
    return row;
  });
  table.tBodies[0].replaceChildren(...body);
  table.caption.replaceChildren(
    searching ? "Found in " : "What is in ",
    make("bdi", null, titleOf(level)),
  );
  table.classList.toggle("in-all", level === root);
  table.classList.toggle("searching", searching);
  more.hidden = parts.length <= rows;
  more.textContent = `Show more of ${number(parts.length)}`;
}

/** Says how much is found, how many of it here, and what of it Enter has gone to. */
function tell() {
  const { files, bytes } = root.found;
  const within = `, ${number(level.found.files)} of them in ${titleOf(level)}`;
  const part = share(bytes[measure], root.bytes[measure]);
  const sum = `${count(bytes[measure], "byte")} ${MEASURES[measure]}, ${part} of all`;
  const here = hits[hit];
  found.textContent = !isSearching()
    ? ""
    : files === 0
      ? "Nothing found"
      : `${count(files, "file")} found${level === root ? "" : within}: ${sum}` +
        (here ? `. ${number(hit + 1)}: ${shown(here.path)}` : "");
}
