/**
 * Names as packets carry them: each label behind its length, and a 0 at the end. As keys they are latin-1 strings of
 * those bytes in lower case, which no dot or strange letter within a label can make ambiguous.
 */
import { assert } from "../std/assert.ts";

/** RFC 1035, 2.3.4: octets of a whole name, its lengths and the 0 at the end included. */
export const nameBytesMax = 255;

/** RFC 1035, 2.3.4: octets of one label. */
export const labelBytesMax = 63;

/** Whether `name`, in dots and ASCII, fits into a packet. */
export function isWireName(name: string): boolean {
  const labels = name.split(".");
  return (
    name.length + 2 <= nameBytesMax &&
    labels.every((label) => label.length >= 1 && label.length <= labelBytesMax) &&
    /^[\x21-\x7e]+$/.test(name)
  );
}

/** The key of `name`, which `isWireName`. */
export function nameKey(name: string): string {
  assert(name.length + 2 <= nameBytesMax, `${name} fits into a packet`);
  let key = "";
  for (const label of name.toLowerCase().split(".")) key += lengths[label.length] + label;
  return `${key}\0`;
}

const lengths = Array.from({ length: labelBytesMax + 1 }, (_, length) =>
  String.fromCharCode(length),
);

/** Whether `key` is below `zone`, or it itself: label by label, since a label may hold bytes that look like a zone. */
export function isWithin(key: string, zone: string): boolean {
  let at = 0;
  while (key.length - at > zone.length) at += key.charCodeAt(at) + 1;
  return key.length - at === zone.length && key.endsWith(zone);
}
