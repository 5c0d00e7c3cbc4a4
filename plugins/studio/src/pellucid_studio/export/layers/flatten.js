// All axes of a sample in one, the last fastest; nothing is computed.
import { tensor } from "pellucid";

export const make = () => (x) => tensor(x.data, [x.data.length]);
