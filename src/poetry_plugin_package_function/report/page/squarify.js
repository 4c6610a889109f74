/**
 * Divides a box among sizes, each part as close to a square as can be: Bruls, Huizing
 * and van Wijk, "Squarified Treemaps", 2000.
 *
 * The sizes descend. The boxes are in the same order; there is none for those at the
 * end that would have less than `leastArea`, in square pixels.
 */
function squarify(sizes, box, leastArea) {
  const boxes = [];
  let { x, y, width, height } = box;
  let rest = sizes.reduce((sum, size) => sum + size, 0);
  let next = 0;
  while (next < sizes.length) {
    const scale = (width * height) / rest;
    if (!(sizes[next] * scale >= leastArea)) break; // also if nothing is left: NaN
    const side = Math.min(width, height);
    const { end, sum } = row(sizes, next, scale, side);
    const depth = Math.min((sum * scale) / side, Math.max(width, height));
    const upright = width >= height;
    let offset = 0;
    for (; next < end; next++) {
      const length = (sizes[next] / sum) * side;
      boxes.push(
        upright
          ? { x, y: y + offset, width: depth, height: length }
          : { x: x + offset, y, width: length, height: depth },
      );
      offset += length;
    }
    if (upright) {
      x += depth;
      width -= depth;
    } else {
      y += depth;
      height -= depth;
    }
    rest -= sum;
  }
  return boxes;
}

/** Takes sizes into a row along a side, for as long as that makes none less square. */
function row(sizes, start, scale, side) {
  let end = start;
  let sum = 0;
  let worst = Infinity;
  for (; end < sizes.length; end++) {
    const area = (sum + sizes[end]) * scale;
    const ratio = Math.max(
      (side * side * sizes[start] * scale) / (area * area),
      (area * area) / (side * side * sizes[end] * scale),
    );
    if (ratio > worst) break;
    worst = ratio;
    sum += sizes[end];
  }
  return { end, sum };
}
