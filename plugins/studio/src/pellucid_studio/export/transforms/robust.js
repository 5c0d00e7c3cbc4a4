// z = (x − m)/s, y = z/√(1 + (z/3)²): between −3 and 3 however far out x is.
import { mapped } from "pellucid";

export const make = ({ arrays: { center, spread } }) => ({
  apply: (x) => mapped(x, (value, i) => {
    const z = (Math.min(Math.max(value, -1e300), 1e300) - center.data[i]) / spread.data[i];
    const bounded = Math.min(Math.max(z, -1e150), 1e150);
    return bounded / Math.sqrt(1 + (bounded / 3) ** 2);
  }),
});
