/** How people write the speed of a link: `10mbit`, `500kbit`, `1.5gbit`, `unlimited`. */

/** Bits per second of one direction of a link. */
export type Bandwidth = "unlimited" | number;

export const bandwidthPattern = /^(unlimited|[0-9]+(\.[0-9]+)?[kmg]bit)$/;

/** Below, a message of a few KiB takes seconds and no world can work. */
export const bandwidthMinBitsPerSecond = 8000;

const unitBits = { k: 1e3, m: 1e6, g: 1e9 } as const;

/** Undefined when it is not a speed, or one too low to work. */
export function parseBandwidth(text: string): Bandwidth | undefined {
  if (text === "unlimited") return "unlimited";
  const match = /^([0-9]+(?:\.[0-9]+)?)([kmg])bit$/.exec(text);
  if (!match) return undefined;
  const [, amount, unit] = match;
  const bits = Math.round(Number(amount) * unitBits[unit as keyof typeof unitBits]);
  return Number.isSafeInteger(bits) && bits >= bandwidthMinBitsPerSecond ? bits : undefined;
}

/** In the largest unit of which it has at least one: `1500000000` → `1.5gbit`. */
export function formatBandwidth(bandwidth: Bandwidth): string {
  if (bandwidth === "unlimited") return "unlimited";
  const unit = bandwidth >= unitBits.g ? "g" : bandwidth >= unitBits.m ? "m" : "k";
  return `${bandwidth / unitBits[unit]}${unit}bit`;
}
