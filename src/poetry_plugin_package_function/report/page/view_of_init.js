/** Where the time of INIT goes, as an icicle. */
function viewOfInit(root) {
  const whole = root.amounts[0];
  const part = (node) => share(node.amounts[0], whole);
  const isImport = (node) => node.kind === "import";
  const memory = (node) => (node.memory?.[1] > 0 ? size(node.memory[1]) : "");
  const ownMemory = ({ memory: [own] }) => (own > 0 ? `${size(own)} by itself` : "");
  const others = (node) => node.count - 1;

  return {
    name: "init",
    picture: "Icicle",
    root,
    measure: 0,
    level: root,
    arrange: arrangeIcicle,
    draw: drawIcicle,
    /** The tile that a click means: the one that is below it. */
    target: (path) => path.at(-1),
    textOf: (node) =>
      isImport(node)
        ? [node.name, node.owner.name, node.line].map(shown).join("\n")
        : null,
    fullName: (node) => shown(node.name),

    found({ count: imports, own, amounts }, _, within) {
      return (
        `${count(imports, "import")} found${within}: ${time(amounts[0])} with what they` +
        ` import, ${share(amounts[0], whole)} of INIT; ${time(own[0])} without`
      );
    },

    label(node, _, searching) {
      return [
        shown(node.name),
        ...(isImport(node) ? [shown(node.owner.name) || "Python's own"] : []),
        time(node.amounts[0]),
        `${part(node)} of INIT`,
        ...(isImport(node)
          ? [`${time(node.own)} by itself`, `imports ${number(others(node))} more`]
          : []),
        ...(lineOf(node) ? [`brought in by ${shown(lineOf(node))}`] : []),
        ...(searching ? [`${number(node.found.count)} found`] : []),
      ].join(", ");
    },

    facts(node) {
      const { name, path } = node.owner;
      const from = node.parent?.kind === "import" ? [node.parent.name] : [];
      return [
        ["Time", `${time(node.amounts[0])}, ${part(node)}`],
        ...(isImport(node)
          ? [
              ["By itself", time(node.own)],
              ["Imports", `${number(others(node))} more`],
              ["Memory", memory(node), ownMemory(node)],
              ["Distribution", name ? nameOf(node.owner) : "Python's own"],
              ["Imported by", joined(from, "")],
              ["Brought in by", joined([lineOf(node)], "")],
              ["Dependency path", joined(path, " > ")],
            ]
          : []),
      ];
    },

    columns() {
      const own = (node) => (isImport(node) ? time(node.own) : "");
      const more = (node) => (isImport(node) ? number(others(node)) : "");
      return [
        ["Share", (node) => shareBar(node.amounts[0], whole), "share"],
        ["Time", (node) => [time(node.amounts[0])], "figure"],
        ["By itself", (node) => [own(node)], "figure", () => "by itself"],
        ["Imports", (node) => [more(node)], "figure", () => "more imports"],
        ["Memory", (node) => [memory(node)], "figure", () => "of memory"],
        ["Distribution", (node) => joined([node.owner.name].filter(Boolean), ""), ""],
        ["Brought in by", (node) => joined([lineOf(node)].filter(Boolean), ""), "path"],
      ];
    },
    foundColumn: (node) => time(node.found.amounts[0]),
  };
}
