/** Shows the sums at the top: what is counted against the limit, and where INIT goes. */
function sums(data, files, imports) {
  const limit = data.limit_bytes;
  const figures = [
    [
      "Unzipped",
      size(data.unzipped_bytes),
      limit === null
        ? count(data.unzipped_bytes, "byte")
        : `${share(data.unzipped_bytes, limit)} of ${data.service}’s ${size(limit)}`,
      limit === null ? [] : [["used", data.unzipped_bytes / limit]],
    ],
    ["ZIP", size(data.output_bytes), `${count(files.count, "file")}`, []],
  ];
  if (imports) {
    const all = imports.amounts[0];
    const phases = imports.children.filter((each) => each.kind === "phase");
    const rest = all - phases.reduce((sum, each) => sum + each.amounts[0], 0);
    const parts = [
      ...phases.map((each) => [each.name.toLowerCase(), each.amounts[0]]),
      [count(imports.count, "import"), rest],
    ];
    figures.push([
      "INIT, measured here",
      time(all),
      parts.map(([name, us]) => `${name} ${time(us)}`).join(" · "),
      parts.map(([, us], index) => [`part-${index}`, all ? us / all : 0]),
    ]);
  }
  document.getElementById("totals").replaceChildren(
    ...figures.map(([term, figure, more, bars]) => {
      const meter = make("span", { className: "meter", "aria-hidden": true });
      for (const [className, part] of bars) {
        const bar = make("span", { className });
        bar.style.setProperty("width", `${Math.min(100, 100 * part)}%`);
        meter.append(bar);
      }
      return make(
        "div",
        null,
        make("dt", null, term),
        make("dd", null, make("strong", null, figure), make("small", null, more)),
        ...(bars.length ? [meter] : []),
      );
    }),
  );
}
