const ROWS = 100; // of the table at first; so many more with each wish for more
let rows = ROWS;

/** Shows the level as a table. On narrow screens its roles outlive its layout. */
function tabulate() {
  const { level, measure } = view;
  const searching = isSearching();
  const parts = searching ? foundIn(level, measure) : level.ordered(measure);
  const columns = view.columns(measure, level === view.root);
  if (searching) {
    columns.splice(1, 0, [
      "Found", (node) => [view.foundColumn(node, measure)], "figure", () => "found",
    ]);
  }
  const heads = [["Name"], ...columns].map(([title, , className]) =>
    make("th", { scope: "col", role: "columnheader", className: className ?? "" }, title),
  );
  table.tHead.replaceChildren(make("tr", { role: "row" }, ...heads));
  table.tBodies[0].replaceChildren(
    ...parts.slice(0, rows).map((node) => rowOf(node, columns)),
  );
  table.caption.replaceChildren(
    searching ? "Found in " : "What is in ",
    make("bdi", null, titleOf(level)),
  );
  more.hidden = parts.length <= rows;
  more.textContent = `Show more of ${number(parts.length)}`;
}

/** The parts in which something is found, the most of it first. */
function foundIn(level, measure) {
  const amount = (node) => node.found.amounts[measure];
  return level
    .ordered(measure)
    .filter((node) => node.found.count)
    .sort((one, other) => amount(other) - amount(one));
}

function rowOf(node, columns) {
  const button = make("button", { type: "button" }, make("bdi", null, titleOf(node)));
  button.addEventListener("click", () => open(node));
  const cells = columns.map(([, content, className, unit]) => {
    const shownContent = content(node);
    const isEmpty = !shownContent.some((each) => each.textContent ?? each);
    const cell = make("td", { role: "cell", className }, ...shownContent);
    if (isEmpty) cell.classList.add("empty");
    if (unit) cell.dataset.unit = unit(node);
    return cell;
  });
  const head = make("th", { scope: "row", role: "rowheader" }, button);
  const row = make("tr", { role: "row" }, head, ...cells);
  row.addEventListener("focusin", () => activate(node));
  return row;
}

more.addEventListener("click", () => {
  const first = rows;
  rows += ROWS;
  tabulate();
  table.tBodies[0].rows[first].querySelector("button").focus();
});
