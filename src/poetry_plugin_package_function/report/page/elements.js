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

/** The name that people see; where there is hardly any room a shorter one. */
function titleOf(node, isShort = false) {
  const name = shown(
    isShort && node.kind === "import"
      ? relative(node)
      : isShort && node.kind === "phase"
        ? node.name.split(" ")[0]
        : node.name,
  );
  if (node.kind === "directory") return `${name}/`;
  return name || (node.kind === "distribution" ? "your code" : "");
}

/** A distribution with its version. */
function nameOf({ name, version }) {
  return [...joined([name], ""), ` ${shown(version)}`];
}

/** A part's share of a whole, as a bar and in words. */
function shareBar(part, whole) {
  const bar = make("span", { className: "bar", "aria-hidden": true });
  bar.style.setProperty("--share", `${whole ? (100 * part) / whole : 0}%`);
  return [bar, make("span", { className: "percent" }, share(part, whole))];
}
