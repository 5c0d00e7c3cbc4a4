// Between which tiles there are weights, and of which parameter.

const MOST = 400; // lines between two columns

/** Links between neighbouring columns: {before, after, path, shape, pairs}; path is null where nothing is learned. */
export function linked(columns, layers) {
  const found = [];
  for (let i = 0; i + 1 < columns.length; i++) {
    const before = columns[i], after = columns[i + 1], layer = layers.get(after.path);
    const shape = layer?.parameters?.weight, dense = shape?.length === 2;
    if (layer && !layer.next) continue;
    const pairs = [];
    const alone = !dense && !shape && before.tiles.length === after.tiles.length && before.picture === after.picture;
    if (alone) before.tiles.forEach((tile, k) => pairs.push([tile, after.tiles[k]]));
    else for (const from of before.tiles) for (const to of after.tiles) if (pairs.length < MOST) pairs.push([from, to]);
    const fits = dense && before.tiles.every((tile) => tile.unit < shape[0]) && !before.picture;
    found.push({ before, after, pairs, shape, path: fits ? `${after.path}.weight` : null });
  }
  return found;
}
