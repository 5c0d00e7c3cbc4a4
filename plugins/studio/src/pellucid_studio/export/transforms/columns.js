// The columns of a table as a network takes them: numbers scaled, dates as waves, categories as indexes. A table is coded:
// numbers as they are, dates as days since 1970, truth values 0 or 1, categories by their places, NaN what is missing.
import { tensor } from "pellucid";
import { make as quantile } from "./quantile.js";
import { make as robust } from "./robust.js";
import { make as standardize } from "./standardize.js";

const SCALINGS = { quantile, robust, standard: standardize };
const DAY = 86400000;

/** The year of a day, and the angles of month, day of the week and day of the year. */
function calendar(days) {
  if (Number.isNaN(days)) return [NaN, NaN, NaN, NaN];
  const day = Math.floor(days), date = new Date(day * DAY), year = date.getUTCFullYear();
  const first = Date.UTC(year, 0, 1) / DAY, length = Date.UTC(year + 1, 0, 1) / DAY - first, circle = 2 * Math.PI;
  return [year, (date.getUTCMonth() * circle) / 12, (((((day + 3) % 7) + 7) % 7) * circle) / 7, ((day - first) * circle) / length];
}

export function make({ arrays, arguments: given }) {
  const { columns, marks, times, one_hot: oneHot, scaling } = given;
  const of = (kind) => columns.flatMap((column, i) => (column.kind === kind ? [i] : []));
  const places = (names) => columns.flatMap(({ name }, i) => (names.includes(name) ? [i] : []));
  const numbers = of("number"), dates = of("date"), booleans = of("boolean"), categories = of("category");
  const sizes = categories.map((i) => 2 + (columns[i].categories?.length ?? 0));
  const own = Object.fromEntries(Object.entries(arrays).filter(([name]) => name.startsWith("scaling_")).map(([name, array]) => [name.slice(8), array]));
  const scaler = Object.keys(own).length ? SCALINGS[scaling]({ arrays: own }) : null;
  const apply = ({ data: x }) => {
    const calendars = dates.map((i) => calendar(x[i]));
    const values = [...numbers.map((i) => x[i]), ...dates.map((i) => x[i]), ...calendars.map(([year]) => year)];
    const filled = Float64Array.from(values, (value, j) => (Number.isNaN(value) ? arrays.fill.data[j] : value));
    const y = [...(scaler ? scaler.apply(tensor(filled, [filled.length])).data : [])];
    y.push(...booleans.map((i) => (Number.isNaN(x[i]) ? 0 : 2 * x[i] - 1)));
    const angles = [1, 2, 3].flatMap((part) => calendars.map((each) => each[part]));
    angles.push(...places(times).map((i) => 2 * Math.PI * (x[i] - Math.floor(x[i]))));
    y.push(...angles.flatMap((angle) => (Number.isNaN(angle) ? [0, 0] : [Math.sin(angle), Math.cos(angle)])));
    y.push(...places(marks).map((i, j) => (Number.isNaN(x[i]) ? arrays.marked.data[j] : 0)));
    let first = 0;
    categories.forEach((i, c) => {
      const index = arrays.codes.data[first + (Number.isNaN(x[i]) ? 0 : x[i] + 2)];
      first += sizes[c];
      if (oneHot) y.push(...Array.from({ length: sizes[c] - 1 }, (_, k) => Number(index === k + 1)));
      else y.push(index);
    });
    return tensor(Float64Array.from(y), [y.length]);
  };
  return { apply };
}
