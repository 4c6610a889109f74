/** What files take, as a treemap. */
function viewOfSizes(root, data) {
  const measures = ["unzipped", "zipped"];
  const part = (node, measure) => share(node.amounts[measure], root.amounts[measure]);
  const unitOf = (node) => (node.count === 1 ? "file" : "files");
  const isDistribution = (node) => node.kind === "distribution";
  const inInit = (node) =>
    node.inInit[UNZIPPED] === 0 && node.inInit[ZIPPED] === 0
      ? "not imported"
      : node.kind === "file"
        ? "imported or read"
        : `${size(node.inInit[UNZIPPED])} of ${size(node.amounts[UNZIPPED])}`;

  return {
    name: "sizes",
    picture: "Treemap",
    root,
    measure: UNZIPPED,
    level: root,
    arrange: arrangeTreemap,
    draw: drawTreemap,
    /** The tile that a click means: one level further in. */
    target: (path) => path[0],
    textOf: (node) =>
      node.kind === "file" ? `${shown(pathOf(node))}\n${shown(node.owner.name)}` : null,
    fullName: (node) =>
      node.kind === "directory" ? `${shown(pathOf(node))}/` : shown(pathOf(node)) || titleOf(node),

    found({ count: files, amounts }, measure, within) {
      const of = share(amounts[measure], root.amounts[measure]);
      const sum = `${size(amounts[measure])} ${measures[measure]}, ${of} of all`;
      return `${count(files, "file")} found${within}: ${sum}`;
    },

    label(node, measure, searching) {
      const { version, path } = node.owner;
      return [
        isDistribution(node) ? `${titleOf(node)} ${shown(version)}`.trim() : titleOf(node),
        node.kind,
        `${size(node.amounts[measure])} ${measures[measure]}`,
        `${part(node, measure)} of all`,
        ...(node.kind === "file" ? [] : [count(node.count, "file")]),
        layoutOf(node),
        ...(data.init ? [`in INIT: ${inInit(node)}`] : []),
        ...(searching ? [`${number(node.found.count)} found`] : []),
        ...(isDistribution(node) && path.length ? [path.map(shown).join(" > ")] : []),
      ].join(", ");
    },

    facts(node) {
      const { path } = node.owner;
      return [
        ...measures.map((term, measure) => [
          term,
          `${size(node.amounts[measure])}, ${part(node, measure)}`,
          `${count(node.amounts[measure], "byte")}`,
        ]),
        ["Distribution", nameOf(node.owner)],
        ["Files", node.kind === "file" ? "" : number(node.count)],
        ["Layout", layoutOf(node)],
        ["In INIT", data.init ? inInit(node) : ""],
        ["Dependency path", joined(path, " > ")],
      ];
    },

    columns(measure, isAll) {
      const bytes = (index) => [
        measures[index],
        (node) => [size(node.amounts[index])],
        "figure",
        () => measures[index],
      ];
      return [
        ["Share", (node) => shareBar(node.amounts[measure], root.amounts[measure]), "share"],
        bytes(measure),
        bytes(1 - measure),
        ["Files", (node) => [number(node.count)], "figure", unitOf],
        ["Layout", (node) => [layoutOf(node)], ""],
        ...(data.init ? [["In INIT", (node) => [inInit(node)], "", () => "in INIT"]] : []),
        ...(isAll
          ? [
              ["Version", (node) => [shown(node.owner.version)], ""],
              ["Dependency path", (node) => joined(node.owner.path, " > "), "path"],
            ]
          : []),
      ];
    },
    foundColumn: (node, measure) => size(node.found.amounts[measure]),
  };
}
