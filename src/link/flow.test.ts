import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { SeededRandom } from "../../sim/random.ts";
import type { FlowClass, LinkConditions, LinkEnd } from "../model/link.ts";
import { windowBytes } from "./conditions.ts";
import { Direction } from "./direction.ts";
import { Flow } from "./flow.ts";
import { parcelBytes, type Parcel } from "./parcel.ts";

const east = "us-east-1" as LinkEnd;
const west = "us-west-2" as LinkEnd;
const KiB = 1024;
const piece = 64 * KiB;

function world() {
  const clock = new SimClock();
  const doors = { clock, random: new SeededRandom(7) };
  const there = new Direction(east, west, doors);
  const back = new Direction(west, east, doors);
  const set = (direction: Direction, changed: Partial<LinkConditions>): void =>
    direction.change({ ...direction.conditions, ...changed });
  /** A flow whose sink keeps what it gets until `take` is called, when `isSlow`. */
  const open = (isSlow = false, flowClass: FlowClass = "data") => {
    const seen = { delivered: [] as Parcel[], isReading: true, sinkBytes: 0 };
    const flow: Flow = new Flow({ direction: there, back }, flowClass, {
      setReading: (isReading) => (seen.isReading = isReading),
      deliver: (parcel) => {
        seen.delivered.push(parcel);
        if (isSlow) seen.sinkBytes += parcelBytes(parcel);
      },
      sinkBytes: () => seen.sinkBytes,
      conditionsChanged: () => flow.review(),
    });
    const fill = (): number => {
      let sentBytes = 0;
      for (; seen.isReading; sentBytes += piece)
        flow.send({ kind: "bytes", bytes: new Uint8Array(piece) });
      return sentBytes;
    };
    return { flow, seen, fill };
  };
  return { clock, there, back, set, open };
}

test("nothing that the source says leaves before the handshake is over, then all of it in order", () => {
  const { open } = world();
  const { flow, seen } = open();
  flow.mark({ kind: "syn" });
  flow.send({ kind: "bytes", bytes: new Uint8Array(3) });
  flow.send({ kind: "fin" });
  expect(seen.delivered.map(({ kind }) => kind)).toEqual(["syn"]);
  flow.mark({ kind: "ack" });
  flow.open();
  expect(seen.delivered.map(({ kind }) => kind)).toEqual(["syn", "ack", "bytes", "fin"]);
});

test("a source is read until the window is full, and again when bytes have arrived", async () => {
  const { clock, there, set, open } = world();
  set(there, { delayMs: 30, bandwidthBitsPerSecond: 10_000_000 });
  const { flow, seen, fill } = open();
  flow.open();
  const sentBytes = fill();
  const window = windowBytes(there.conditions);
  expect(sentBytes).toBeGreaterThanOrEqual(window);
  expect(sentBytes).toBeLessThan(window + piece);
  await clock.runUntil(1000);
  expect(seen.isReading).toBe(true);
});

test("bytes that a slow sink has not taken count, until it drains", () => {
  const { open } = world();
  const { flow, seen, fill } = open(true);
  flow.open();
  fill();
  expect(seen.isReading).toBe(false);
  seen.sinkBytes = 0;
  flow.review();
  expect(seen.isReading).toBe(true);
});

test("a cut stops the source once the window is full, and mending it starts it again", async () => {
  const { clock, there, set, open } = world();
  const { flow, seen, fill } = open();
  flow.open();
  set(there, { isUp: false });
  fill();
  await clock.runUntil(60_000);
  expect(seen).toMatchObject({ isReading: false, delivered: [] });
  set(there, { isUp: true });
  expect(seen.isReading).toBe(true);
});

test("a cut of the way back stops the source as well, after a window of bytes has arrived", async () => {
  const { clock, there, back, set, open } = world();
  const { flow, seen, fill } = open();
  flow.open();
  set(back, { isUp: false });
  const sentBytes = fill();
  expect(sentBytes).toBeLessThan(windowBytes(there.conditions) + piece);
  expect(seen.delivered.reduce((sum, parcel) => sum + parcelBytes(parcel), 0)).toBe(sentBytes);
  await clock.runUntil(60_000);
  expect(seen.isReading).toBe(false);
  set(back, { isUp: true });
  flow.review();
  expect(seen.isReading).toBe(true);
});

test("a direction that is full stops all data flows, and wakes them when there is room", async () => {
  const { clock, there, set, open } = world();
  set(there, { delayMs: 1000, isUp: false });
  const flows = Array.from({ length: 8 }, () => open());
  for (const { flow, fill } of flows) {
    flow.open();
    fill();
  }
  // Four windows of 32 MiB are the budget; each flow may add a read or two of its own.
  expect(there.traffic.queuedBytes).toBeLessThan(128 * KiB * KiB + 8 * 2 * piece);
  const control = open(false, "control");
  control.flow.open();
  control.flow.send({ kind: "bytes", bytes: new Uint8Array(piece) });
  expect(control.seen.isReading).toBe(true);
  set(there, { isUp: true });
  await clock.runUntil(5000);
  expect(flows.map(({ seen }) => seen.isReading)).toEqual(flows.map(() => true));
});

test("a source that broke loses what has not left; what is under way arrives before the break", async () => {
  const { clock, there, set, open } = world();
  set(there, { delayMs: 30, bandwidthBitsPerSecond: 8_000_000 });
  const { flow, seen } = open();
  flow.open();
  for (let sent = 0; sent < 3; sent++) flow.send({ kind: "bytes", bytes: new Uint8Array(20_000) });
  await clock.runUntil(10);
  flow.reset();
  await clock.runUntil(200);
  expect(seen.delivered.map(({ kind }) => kind)).toEqual(["bytes", "rst"]);
});

test("a closed flow holds nothing and hears nothing", async () => {
  const { clock, there, set, open } = world();
  set(there, { delayMs: 30 });
  const { flow, seen } = open();
  flow.open();
  flow.send({ kind: "bytes", bytes: new Uint8Array(1000) });
  flow.close();
  flow.send({ kind: "bytes", bytes: new Uint8Array(1000) });
  flow.reset();
  await clock.runUntil(100);
  expect(seen.delivered).toEqual([]);
  expect(there.traffic).toMatchObject({ openFlows: 0, queuedBytes: 0 });
});
