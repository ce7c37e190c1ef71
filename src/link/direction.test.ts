import fc from "fast-check";
import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { SeededRandom } from "../../sim/random.ts";
import type { FlowClass, LinkConditions, LinkEnd } from "../model/link.ts";
import { openConditions } from "./conditions.ts";
import { Direction, type Traveller } from "./direction.ts";
import { parcelBytes, type Parcel } from "./parcel.ts";

const east = "us-east-1" as LinkEnd;
const west = "us-west-2" as LinkEnd;

type Arrival = { readonly atMs: number; readonly parcel: Parcel };

/** Somebody who writes down what arrives, and when. */
class Recorder implements Traveller {
  readonly flowClass: FlowClass;
  readonly arrivals: Arrival[] = [];
  onArrival: () => void = () => undefined;
  readonly #clock: SimClock;

  constructor(clock: SimClock, flowClass: FlowClass) {
    this.#clock = clock;
    this.flowClass = flowClass;
  }

  get bytes(): number {
    return this.arrivals.reduce((sum, { parcel }) => sum + parcelBytes(parcel), 0);
  }

  get times(): number[] {
    return this.arrivals.map(({ atMs }) => atMs);
  }

  arrive(parcel: Parcel): void {
    this.arrivals.push({ atMs: this.#clock.monotonicMs(), parcel });
    this.onArrival();
  }

  review(): void {}
  conditionsChanged(): void {}
}

function world(conditions: Partial<LinkConditions>) {
  const clock = new SimClock();
  const direction = new Direction(east, west, { clock, random: new SeededRandom(7) });
  const set = (changed: Partial<LinkConditions>): void =>
    direction.change({ ...direction.conditions, ...changed });
  set(conditions);
  const join = (flowClass: FlowClass = "data"): Recorder => {
    const recorder = new Recorder(clock, flowClass);
    direction.join(recorder);
    return recorder;
  };
  return { clock, direction, set, join };
}

const bytes = (size: number): Parcel => ({ kind: "bytes", bytes: new Uint8Array(size) });

/** Keeps `ahead` bytes waiting, as a source does that is read while there is room. */
function flood(direction: Direction, flow: Recorder, pieceBytes: number): void {
  flow.onArrival = () => direction.send(flow, bytes(pieceBytes));
  for (let sent = 0; sent < 128 * 1024; sent += pieceBytes) direction.send(flow, bytes(pieceBytes));
}

test("an open direction hands over at once and wants no timer", () => {
  const { direction, join } = world(openConditions);
  const flow = join();
  direction.send(flow, bytes(10));
  direction.send(flow, { kind: "fin" });
  expect(flow.arrivals.map(({ parcel }) => parcel.kind)).toEqual(["bytes", "fin"]);
});

test("every parcel arrives a delay after it was sent", async () => {
  const { clock, direction, join } = world({ delayMs: 30 });
  const flow = join();
  direction.send(flow, bytes(10));
  await clock.runUntil(5);
  direction.send(flow, { kind: "fin" });
  await clock.runUntil(100);
  expect(flow.times).toEqual([30, 35]);
});

test("a piece arrives when the line has carried all of it, a delay later", async () => {
  const { clock, direction, join } = world({ delayMs: 30, bandwidthBitsPerSecond: 8_000_000 });
  const flow = join();
  direction.send(flow, bytes(10_000));
  direction.send(flow, bytes(5_000));
  await clock.runUntil(100);
  expect(flow.times).toEqual([40, 45]);
});

test("jitter stays within its bound and reorders nothing", async () => {
  const { clock, direction, join } = world({ delayMs: 10, jitterMs: 20 });
  const flow = join();
  for (let sentMs = 0; sentMs < 200; sentMs++) {
    direction.send(flow, bytes(sentMs));
    await clock.runUntil(sentMs + 1);
  }
  await clock.runUntil(1000);
  expect(flow.arrivals.map(({ parcel }) => parcelBytes(parcel))).toEqual([...Array(200).keys()]);
  const delays = flow.times.map((atMs, sentMs) => atMs - sentMs);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(10);
  expect(Math.max(...delays)).toBeLessThanOrEqual(30);
  expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(5);
});

test("no change of conditions, cuts included, loses or reorders what a flow sent", async () => {
  const anyConditions: fc.Arbitrary<LinkConditions> = fc.record({
    delayMs: fc.constantFrom(0, 5, 50),
    jitterMs: fc.constantFrom(0, 0, 20),
    bandwidthBitsPerSecond: fc.constantFrom(undefined, 100_000, 10_000_000),
    isUp: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(fc.option(anyConditions), fc.nat(1), fc.nat(3000), fc.constantFrom(0, 1, 30)),
        { maxLength: 30 },
      ),
      async (steps) => {
        const { clock, direction, set, join } = world({});
        const flows = [join("data"), join("control")];
        const sent: number[][] = [[], []];
        let serial = 0;
        for (const [conditions, pick, size, waitMs] of steps) {
          if (conditions) set(conditions);
          const parcel = new Uint8Array(size + 1).fill(serial++ % 256);
          sent[pick]?.push(...parcel);
          direction.send(flows[pick] as Recorder, { kind: "bytes", bytes: parcel });
          await clock.runUntil(clock.monotonicMs() + waitMs);
        }
        set(openConditions);
        await clock.runUntil(clock.monotonicMs() + 1000);
        const got = flows.map(({ arrivals }) =>
          arrivals.flatMap(({ parcel }) => (parcel.kind === "bytes" ? [...parcel.bytes] : [])),
        );
        expect(got).toEqual(sent);
      },
    ),
    { numRuns: 60 },
  );
});

test("two bulk flows share the line within a fifth, whatever the sizes they write in", async () => {
  const { clock, direction, join } = world({ delayMs: 30, bandwidthBitsPerSecond: 10_000_000 });
  const small = join();
  const large = join();
  flood(direction, small, 700);
  flood(direction, large, 60_000);
  await clock.runUntil(5000);
  expect(small.bytes / large.bytes).toBeGreaterThan(0.8);
  expect(small.bytes / large.bytes).toBeLessThan(1.25);
  expect(small.bytes + large.bytes).toBeGreaterThan(0.95 * 5 * 1_250_000);
  expect(small.bytes + large.bytes).toBeLessThanOrEqual(5 * 1_250_000);
});

test("a bulk flow over 10 mbit keeps no control message longer than one piece", async () => {
  const { clock, direction, join } = world({ delayMs: 30, bandwidthBitsPerSecond: 10_000_000 });
  const bulk = Array.from({ length: 8 }, () => join("data"));
  for (const flow of bulk) flood(direction, flow, 64 * 1024);
  const control = join("control");
  const sentMs: number[] = [];
  for (let atMs = 0; atMs < 10_000; atMs += 50) {
    await clock.runUntil(atMs);
    sentMs.push(atMs);
    direction.send(control, bytes(200));
  }
  await clock.runUntil(11_000);
  const waits = control.times.map((atMs, at) => atMs - (sentMs[at] as number) - 30);
  expect(waits).toHaveLength(sentMs.length);
  // 20 ms for the piece that is on the line, and the message itself.
  expect(Math.max(...waits)).toBeLessThanOrEqual(20.5);
});

test("a cut direction delivers nothing, and everything a delay after it is mended", async () => {
  const { clock, direction, set, join } = world({ delayMs: 30 });
  const flow = join();
  direction.send(flow, bytes(1));
  await clock.runUntil(10);
  set({ isUp: false });
  direction.send(flow, bytes(2));
  direction.send(flow, { kind: "rst" });
  await clock.runUntil(60_000);
  expect(flow.arrivals).toEqual([]);
  set({ isUp: true });
  await clock.runUntil(61_000);
  expect(flow.arrivals.map(({ parcel }) => parcelBytes(parcel))).toEqual([1, 2, 0]);
  expect(flow.times).toEqual([60_030, 60_030, 60_030]);
});

test("another bandwidth is in force at once for what has not left", async () => {
  const { clock, direction, set, join } = world({ bandwidthBitsPerSecond: 8_000 });
  const flow = join();
  direction.send(flow, bytes(60_000));
  await clock.runUntil(100);
  set({ bandwidthBitsPerSecond: undefined });
  await clock.runUntil(2000);
  expect(flow.bytes).toBe(60_000);
  expect(Math.max(...flow.times)).toBeLessThanOrEqual(1460);
});

test("a traveller that left gets nothing more, and the others do", async () => {
  const { clock, direction, join } = world({ delayMs: 30 });
  const gone = join();
  const stays = join();
  direction.send(gone, bytes(1));
  direction.send(stays, bytes(2));
  direction.leave(gone);
  await clock.runUntil(100);
  expect(gone.arrivals).toEqual([]);
  expect(stays.bytes).toBe(2);
});

test("traffic counts what arrived, by class", async () => {
  const { clock, direction, join } = world({ delayMs: 30 });
  direction.send(join("data"), bytes(100));
  direction.send(join("control"), bytes(7));
  expect(direction.traffic).toMatchObject({
    openFlows: 2,
    deliveredBytes: { control: 0, data: 0 },
  });
  await clock.runUntil(30);
  expect(direction.traffic.deliveredBytes).toEqual({ control: 7, data: 100 });
});
