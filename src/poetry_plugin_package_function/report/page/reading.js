/** Shows the details of a part. */
function describe(node) {
  if (described === node) return;
  described = node;
  const title = make("p", { className: "name" }, make("bdi", null, view.fullName(node)));
  const known = view
    .facts(node)
    .map(([term, content, ...more]) => [term, [content].flat().filter(Boolean), more])
    .filter(([, content]) => content.some((each) => (each.textContent ?? each).trim()));
  const list = known.map(([term, content, more]) =>
    make(
      "div",
      null,
      make("dt", null, term),
      make("dd", null, ...content, ...more.map((each) => make("small", null, each))),
    ),
  );
  facts.replaceChildren(title, make("dl", null, ...list));
}

/** Shows where the level is, and the ways up from it. */
function breadcrumb() {
  const path = [];
  for (let node = view.level; node; node = node.parent) path.unshift(node);
  crumbs.replaceChildren(
    ...path.map((node, index) => {
      const title = make("bdi", null, titleOf(node, true));
      if (node === view.level) {
        return make("li", null, make("span", { "aria-current": "location" }, title));
      }
      const button = make("button", { type: "button" }, title);
      button.addEventListener("click", () => go(node, path[index + 1]));
      return make("li", null, button);
    }),
  );
  crumbs.scrollLeft = crumbs.scrollWidth;
}

/** Says how much is found, how many of it here, and what of it Enter has gone to. */
function tell() {
  const { level, root, measure } = view;
  const within = `, ${number(level.found.count)} of them in ${titleOf(level)}`;
  const here = hits[hit];
  query.setAttribute("aria-invalid", Boolean(fault));
  found.classList.toggle("wrong", Boolean(fault));
  found.textContent = fault
    ? `Not a regular expression: ${fault}`
    : !isSearching()
      ? ""
      : root.found.count === 0
        ? "Nothing found"
        : view.found(root.found, measure, level === root ? "" : within) +
          (here ? `. ${number(hit + 1)}: ${view.fullName(here)}` : "");
}
