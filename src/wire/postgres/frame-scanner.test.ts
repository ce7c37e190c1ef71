import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameScanner, type FrameHandler, type FrameLimits } from "./frame-scanner.ts";
import { outcomeOf } from "../../../test/wire-outcome.ts";
import { WireError } from "./wire-error.ts";

const MIB = 1024 * 1024;
const WHOLE = 0x43;
const PARTS = 0x44;

const limits: FrameLimits = {
  whole: new Set([WHOLE]),
  wholeBytesMax: MIB,
  larger: "refuse",
  frameBytesMax: 64 * MIB,
};

function frame(type: number, content: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header[0] = type;
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

/** `hex` of its bytes: compared far faster than a buffer is. */
type Seen = { readonly how: "message" | "parts"; readonly type: number; readonly hex: string };

/** Puts parts together again, and holds the scanner to what it says about them. */
class Recorder implements FrameHandler {
  readonly seen: Seen[] = [];
  readonly sources = new Set<Buffer>();
  readonly scanner: FrameScanner;
  #parts: Buffer[] = [];

  constructor(scanner: FrameScanner) {
    this.scanner = scanner;
  }

  message(type: number, bytes: Buffer, start: number, end: number): void {
    if (this.#parts.length > 0) throw new Error("a message between the parts of another");
    this.sources.add(bytes);
    this.seen.push({ how: "message", type, hex: bytes.toString("hex", start, end) });
  }

  part(type: number, bytes: Buffer, start: number, end: number): void {
    if (this.#parts.length === 0 && end - start < 5) throw new Error("a part without its header");
    if (end === start) throw new Error("an empty part");
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
    if (!this.scanner.isBetweenFrames) return;
    this.seen.push({ how: "parts", type, hex: Buffer.concat(this.#parts).toString("hex") });
    this.#parts = [];
  }
}

function scan(chunks: readonly Buffer[], own: FrameLimits = limits): Recorder {
  const scanner = new FrameScanner(own);
  const recorder = new Recorder(scanner);
  for (const chunk of chunks) scanner.feed(chunk, recorder);
  return recorder;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b);
  return [...sorted, bytes.length].map((end, index) => bytes.subarray(sorted[index - 1] ?? 0, end));
}

const expected = (frames: readonly Buffer[]): Seen[] =>
  frames.map((bytes) => ({
    how: bytes[0] === WHOLE ? "message" : "parts",
    type: bytes[0] ?? 0,
    hex: bytes.toString("hex"),
  }));

const frameOf = fc
  .tuple(fc.constantFrom(WHOLE, PARTS), fc.uint8Array({ maxLength: 3000, size: "max" }))
  .map(([type, content]) => frame(type, Buffer.from(content)));

test("case 1: any stream of messages gives the same ones, however it is cut", () => {
  fc.assert(
    fc.property(
      fc.array(frameOf, { maxLength: 12 }),
      fc.array(fc.nat(40_000), { maxLength: 30 }),
      (frames, places) => {
        const recorder = scan(cut(Buffer.concat(frames), places));
        expect(recorder.seen).toEqual(expected(frames));
        expect(recorder.scanner.isBetweenFrames).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("case 1: a header may be cut at each of its bytes, before a message of either kind", () => {
  const frames = [WHOLE, PARTS, WHOLE, PARTS, PARTS].map((type, index) =>
    frame(type, Buffer.alloc(index === 3 ? 0 : 7, index)),
  );
  const stream = Buffer.concat(frames);
  for (let first = 0; first <= stream.length; first += 1) {
    for (let second = first; second <= stream.length; second += 1) {
      expect(scan(cut(stream, [first, second])).seen).toEqual(expected(frames));
    }
  }
  expect(scan([...stream].map((byte) => Buffer.from([byte]))).seen).toEqual(expected(frames));
});

test("case 1: messages of 100 KiB and 20 MiB come in parts, in chunks of 64 KiB", () => {
  for (const size of [100 * 1024, 20 * MIB]) {
    const frames = [
      frame(WHOLE, Buffer.from("before")),
      frame(PARTS, Buffer.alloc(size, 7)),
      frame(WHOLE, Buffer.from("after")),
    ];
    const stream = Buffer.concat(frames);
    const places = Array.from(
      { length: Math.floor(stream.length / 65_536) },
      (_, i) => (i + 1) * 65_536,
    );
    const { seen } = scan(cut(stream, places));
    expect(seen.map(({ how, hex }) => [how, hex.length / 2])).toEqual([
      ["message", 11],
      ["parts", size + 5],
      ["message", 10],
    ]);
    expect(seen[1]?.hex === frames[1]?.toString("hex")).toBe(true);
  }
});

test("a message inside its chunk is handed over where it lies, without a copy", () => {
  const chunk = Buffer.concat([1, 2, 3].map((n) => frame(WHOLE, Buffer.alloc(n))));
  expect([...scan([chunk]).sources]).toEqual([chunk]);
});

test("a whole message above the limit is refused by its header alone, or comes in parts", () => {
  const large = frame(WHOLE, Buffer.alloc(2 * MIB, 3));
  expect(() => scan([large.subarray(0, 5)])).toThrow(WireError);
  const recorder = scan(cut(large, [3, 70_000]), { ...limits, larger: "parts" });
  expect(recorder.seen.map(({ how, hex }) => [how, hex.length / 2])).toEqual([
    ["parts", large.length],
  ]);
});

test.each([0, 3, -1, -2147483648, 2147483647, 64 * MIB])("a length of %i is refused", (length) => {
  for (const type of [WHOLE, PARTS]) {
    const header = Buffer.alloc(5);
    header[0] = type;
    header.writeInt32BE(length, 1);
    expect(() => scan([header])).toThrow(WireError);
    expect(() => scan(cut(header, [2]))).toThrow(WireError);
  }
});

/** In buffers, in bytes, without what nobody refers to any more. */
function bufferBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  // Buffers are freed by a thread beside; the next collection begins when that one has ended.
  collect();
  return process.memoryUsage().arrayBuffers;
}

test("a lying length takes no memory: only what arrives is kept", () => {
  const header = Buffer.alloc(5);
  header[0] = WHOLE;
  header.writeInt32BE(20 * MIB, 1);
  const before = bufferBytes();
  const own = { ...limits, wholeBytesMax: 256 * MIB, frameBytesMax: 256 * MIB };
  const chunks = [header, Buffer.alloc(300), Buffer.alloc(300)];
  const recorders = Array.from({ length: 20 }, () => scan(chunks, own));
  expect(bufferBytes() - before).toBeLessThan(MIB);
  expect(recorders.every(({ scanner }) => !scanner.isBetweenFrames)).toBe(true);
});

test("what a large message took is given back", () => {
  const large = frame(WHOLE, Buffer.alloc(MIB - 5));
  const chunks = cut(large, [100, 1000, 10_000, 100_000]);
  const before = bufferBytes();
  const handler = { message: () => undefined, part: () => undefined };
  const scanners = Array.from({ length: 20 }, () => {
    const scanner = new FrameScanner(limits);
    for (const chunk of chunks) scanner.feed(chunk, handler);
    return scanner;
  });
  expect(bufferBytes() - before).toBeLessThan(MIB);
  expect(scanners.every((scanner) => scanner.isBetweenFrames)).toBe(true);
});

test("garbage ends in a WireError or in messages, and in nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
      const outcome = outcomeOf(() => scan(chunks.map((chunk) => Buffer.from(chunk))));
      expect(["value", "WireError"]).toContain(outcome);
    }),
    { numRuns: 2000 },
  );
});
