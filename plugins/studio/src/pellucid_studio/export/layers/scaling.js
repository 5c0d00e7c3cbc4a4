// y = s x, a learned factor for each feature.
import { mapped } from "pellucid";

export const make = ({ arrays: { scale } }) => (x) => mapped(x, (value, i) => value * scale.data[i]);
