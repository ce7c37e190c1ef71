import fc from "fast-check";
import { expect, test } from "vitest";
import {
  bandwidthMinBitsPerSecond,
  bandwidthPattern,
  formatBandwidth,
  parseBandwidth,
} from "./bandwidth.ts";

test("a bandwidth survives being printed and read", () => {
  fc.assert(
    fc.property(fc.integer({ min: bandwidthMinBitsPerSecond, max: 2 ** 40 }), (bandwidth) => {
      const text = formatBandwidth(bandwidth);
      expect(text).toMatch(bandwidthPattern);
      expect(parseBandwidth(text)).toBe(bandwidth);
    }),
  );
});

test("unlimited survives being printed and read", () => {
  expect(parseBandwidth(formatBandwidth("unlimited"))).toBe("unlimited");
});

test.for(["", "10", "10 mbit", "10MB", "-1mbit", "0mbit", "1bit", "1e9mbit", "mbit"])(
  "%j is not a bandwidth",
  (text) => {
    expect(parseBandwidth(text)).toBeUndefined();
  },
);
