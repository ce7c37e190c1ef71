import fc from "fast-check";
import { expect, test } from "vitest";
import type { LinkConditions } from "../model/link.ts";
import { effective, hasRoom, openConditions, pieceBytes, windowBytes } from "./conditions.ts";

const KiB = 1024;
const limited = (bandwidthBitsPerSecond: number, delayMs: number): LinkConditions => ({
  ...openConditions,
  delayMs,
  bandwidthBitsPerSecond,
});

test("isolation takes a direction down and leaves what it is otherwise", () => {
  const slow = limited(10_000_000, 30);
  expect(effective(slow, true)).toEqual({ ...slow, isUp: false });
  expect(effective(slow, false)).toEqual(slow);
});

test("the end of an isolation does not mend a direction that was cut by hand", () => {
  expect(effective({ ...openConditions, isUp: false }, false).isUp).toBe(false);
});

test("a piece is 20 ms of the bandwidth, at least a packet and at most 64 KiB", () => {
  expect(pieceBytes(10_000_000)).toBe(25_000);
  expect(pieceBytes(8_000)).toBe(1460);
  expect(pieceBytes(1_000_000_000)).toBe(64 * KiB);
  expect(pieceBytes(undefined)).toBe(64 * KiB);
});

test("a window holds twice the bandwidth-delay product of a round trip", () => {
  expect(windowBytes(limited(100_000_000, 30))).toBe(2 * 0.06 * 12_500_000);
});

test("a slow link queues no more than 64 KiB of one flow", () => {
  expect(windowBytes(limited(10_000_000, 0))).toBe(64 * KiB);
});

test("every window is between 64 KiB and 32 MiB", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 8_000, max: 100_000_000_000 }),
      fc.integer({ min: 0, max: 10_000 }),
      (bandwidth, delayMs) => {
        const bytes = windowBytes(limited(bandwidth, delayMs));
        expect(bytes).toBeGreaterThanOrEqual(64 * KiB);
        expect(bytes).toBeLessThanOrEqual(32 * KiB * KiB);
      },
    ),
  );
});

test("an unlimited link of 60 ms carries 250 MB/s of one flow", () => {
  const bytesPerMs = windowBytes({ ...openConditions, delayMs: 30 }) / 30;
  expect(bytesPerMs * 1000).toBeGreaterThan(250_000_000);
});

test("a direction that is full of data still reads control, and one read of each new flow", () => {
  const full = 1024 * KiB * KiB;
  expect(hasRoom("data", full, 64 * KiB)).toBe(false);
  expect(hasRoom("data", full, 0)).toBe(true);
  expect(hasRoom("control", 0, 64 * KiB)).toBe(true);
});
