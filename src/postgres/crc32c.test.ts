import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32c, formatCrc32c } from "./crc32c.ts";

test.for([
  ["", 0],
  ["123456789", 0xe3069283],
  ["The quick brown fox jumps over the lazy dog", 0x22620404],
] as const)("of %j", ([text, expected]) => {
  expect(crc32c(0, Buffer.from(text))).toBe(expected);
});

test("the pieces do not matter", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 300 }), (bytes, cut) => {
      const first = crc32c(0, bytes.subarray(0, cut));
      expect(crc32c(first, bytes.subarray(cut))).toBe(crc32c(0, bytes));
    }),
  );
});

test("a manifest has the lowest byte first", () => {
  expect(formatCrc32c(0x01020304)).toBe("04030201");
});
