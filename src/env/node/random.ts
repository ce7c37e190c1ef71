import { randomBytes } from "node:crypto";
import type { Random } from "../env.ts";

/** 48 random bits are as many as `readUIntBE` reads, and enough for jitter and choices. */
const floatBytes = 6;

/** The operating system's cryptographic source. */
export const nodeRandom: Random = {
  float: () => randomBytes(floatBytes).readUIntBE(0, floatBytes) / 2 ** (8 * floatBytes),
  hex: (bytes) => randomBytes(bytes).toString("hex"),
};
