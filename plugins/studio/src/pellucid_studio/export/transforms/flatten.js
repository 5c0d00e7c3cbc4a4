// All axes of a sample in one; back again it is the page that knows the shape.
import { tensor } from "pellucid";

export const make = () => ({ apply: (x) => tensor(x.data, [x.data.length]), inverse: (y) => y });
