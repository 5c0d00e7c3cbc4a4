// Two inputs' channels side by side.
import { joined } from "pellucid";

export const make = () => joined;
