const [map, canvas, hover, crumbs, table, more, found, query, expression, facts] = [
  ...["map", "canvas", "hover", "crumbs", "table"],
  ...["more", "found", "query", "expression", "facts"],
].map((id) => document.getElementById(id));
