// Where units and weights are on the network's canvas, and what lies under a point.

const NEAR = 7; // px within which a weight is meant

/** Places of the tiles of each column, from the page: {path, left, right, tiles: [{x, y, w, h, unit}]}. */
export function measured(box) {
  const from = box.getBoundingClientRect();
  return [...box.querySelectorAll("[data-column]")].map((column) => {
    const tiles = [...column.querySelectorAll(".tile")].map((tile) => {
      const at = tile.getBoundingClientRect();
      return { x: at.left - from.left, y: at.top - from.top, w: at.width, h: at.height, unit: Number(tile.dataset.unit) };
    });
    return { path: column.dataset.column, picture: "picture" in column.dataset, tiles, left: Math.min(...tiles.map((t) => t.x)), right: Math.max(...tiles.map((t) => t.x + t.w)) };
  }).filter((column) => column.tiles.length);
}

/** The way of a weight: a curve that leaves and arrives level. */
export function curve(pen, from, to) {
  const x0 = from.x + from.w, y0 = from.y + from.h / 2, x1 = to.x, y1 = to.y + to.h / 2, middle = (x0 + x1) / 2;
  pen.moveTo(x0, y0);
  pen.bezierCurveTo(middle, y0, middle, y1, x1, y1);
}

/** How far down a curve is, 0 to 1, where it passes x: its own cubic, solved by halving. */
function share(x, x0, x1) {
  let low = 0, high = 1;
  const middle = (x0 + x1) / 2;
  for (let i = 0; i < 20; i++) {
    const t = (low + high) / 2, u = 1 - t;
    if (u * u * u * x0 + 3 * u * u * t * middle + 3 * u * t * t * middle + t * t * t * x1 < x) low = t; else high = t;
  }
  const t = (low + high) / 2;
  return t * t * (3 - 2 * t);
}

/** The weight under a point: {link, from, to}; null where there is none near. */
export function under(links, x, y) {
  let found = null, best = NEAR;
  for (const link of links) {
    if (x <= link.before.right || x >= link.after.left) continue;
    for (const [from, to] of link.pairs) {
      const x0 = from.x + from.w, way = share(x, x0, to.x);
      const off = Math.abs(from.y + from.h / 2 + way * (to.y + to.h / 2 - from.y - from.h / 2) - y);
      if (off < best) { best = off; found = { link, from, to }; }
    }
  }
  return found;
}
