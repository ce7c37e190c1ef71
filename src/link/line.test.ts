import fc from "fast-check";
import { expect, test } from "vitest";
import { pieceBytes, transmissionMs } from "./conditions.ts";
import { Line } from "./line.ts";
import { parcelBytes } from "./parcel.ts";

const anyBandwidth = fc.integer({ min: 100_000, max: 100_000_000 });

test("over any stretch of time a line carries no more than its bandwidth and one piece", () => {
  fc.assert(
    fc.property(
      anyBandwidth,
      fc.array(fc.tuple(fc.double({ min: 0, max: 40, noNaN: true }), fc.nat(50_000)), {
        maxLength: 60,
      }),
      (bandwidth, steps) => {
        const line = new Line<string>();
        const left: { readonly atMs: number; readonly bytes: number }[] = [];
        let nowMs = 0;
        for (const [waitMs, bytes] of steps) {
          nowMs += waitMs;
          line.push("flow", "data", { kind: "bytes", bytes: new Uint8Array(bytes) }, nowMs);
          for (let out = line.take(nowMs, bandwidth); out; out = line.take(nowMs, bandwidth))
            left.push({ atMs: out.leftAtMs, bytes: parcelBytes(out.parcel) });
        }
        left.forEach((from, first) => {
          let bytes = 0;
          for (const to of left.slice(first)) {
            bytes += to.bytes;
            const allowedMs = to.atMs - from.atMs + transmissionMs(from.bytes, bandwidth);
            expect(transmissionMs(bytes, bandwidth)).toBeLessThanOrEqual(allowedMs + 1e-6);
          }
        });
      },
    ),
  );
});

test("a line that always has something to send carries all of its bandwidth", () => {
  const line = new Line<string>();
  line.push("flow", "data", { kind: "bytes", bytes: new Uint8Array(10_000_000) }, 0);
  let bytes = 0;
  // Woken at uneven times, as timers do.
  for (let nowMs = 0; nowMs <= 1000; nowMs += 7.3)
    for (let out = line.take(nowMs, 8_000_000); out; out = line.take(nowMs, 8_000_000))
      bytes += parcelBytes(out.parcel);
  expect(bytes).toBeGreaterThan(990_000);
  expect(bytes).toBeLessThanOrEqual(1_000_000 + pieceBytes(8_000_000));
});

test("a line that was asleep for long does not send what it missed at once", () => {
  const line = new Line<string>();
  line.push("flow", "data", { kind: "bytes", bytes: new Uint8Array(10_000_000) }, 0);
  let bytes = 0;
  for (let out = line.take(5000, 8_000_000); out; out = line.take(5000, 8_000_000))
    bytes += parcelBytes(out.parcel);
  expect(bytes).toBeLessThanOrEqual(2 * pieceBytes(8_000_000));
});

test("an idle line has nothing to wake up for", () => {
  const line = new Line<string>();
  expect(line.nextAtMs).toBeUndefined();
  line.push("flow", "data", { kind: "bytes", bytes: new Uint8Array(10) }, 5);
  expect(line.nextAtMs).toBe(5);
  line.take(5, 1_000_000);
  expect(line.nextAtMs).toBeUndefined();
});

test("an unlimited line holds nothing back", () => {
  const line = new Line<string>();
  line.push("flow", "data", { kind: "bytes", bytes: new Uint8Array(200_000) }, 5);
  let bytes = 0;
  for (let out = line.take(5, undefined); out; out = line.take(5, undefined)) {
    expect(out.leftAtMs).toBe(5);
    bytes += parcelBytes(out.parcel);
  }
  expect(bytes).toBe(200_000);
});
