import fc from "fast-check";
import { expect, test } from "vitest";
import type { Lsn } from "../model/lsn.ts";
import { CommitCounter, type CountWindow } from "./commit-counter.ts";

const SEGMENT = 16n * 1024n * 1024n;
const START = SEGMENT * 3n;
const lsn = (position: bigint): Lsn => position as Lsn;

type WalRecord = { readonly start: bigint; readonly end: bigint; readonly isCommit: boolean };

/** Lays records of these lengths one behind the other. */
function walOf(lengths: readonly { bytes: number; isCommit: boolean }[]): readonly WalRecord[] {
  let at = START;
  return lengths.map(({ bytes, isCommit }) => {
    const start = at;
    at += BigInt(bytes);
    return { start, end: at, isCommit };
  });
}

/** As pg_walinspect answers: only records that lie wholly in the window. */
function counterOf(wal: readonly WalRecord[]): { count: CountWindow; readBytes: () => bigint } {
  let readBytes = 0n;
  const count: CountWindow = async ({ from, to, beyond }) => {
    readBytes += to - from;
    const inside = wal.filter(({ start, end }) => start >= from && end <= to);
    return {
      commits: inside.filter(({ end, isCommit }) => isCommit && end > beyond).length,
      lastEndLsn: inside.length === 0 ? undefined : lsn(inside.at(-1)?.end ?? 0n),
    };
  };
  return { count, readBytes: () => readBytes };
}

test("it counts what ends beyond each position, while the WAL grows and the positions follow", async () => {
  const record = fc.record({
    bytes: fc.integer({ min: 24, max: 200_000 }),
    isCommit: fc.boolean(),
  });
  const reading = fc.record({
    grown: fc.nat({ max: 12 }),
    moved: fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: 8 })),
    inside: fc.nat({ max: 23 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 60 }),
      fc.array(reading, { minLength: 1, maxLength: 12 }),
      async (lengths, readings) => {
        const wal = walOf(lengths);
        const { count } = counterOf(wal);
        const counter = new CommitCounter();
        let written = 0;
        const places = [0, 0];
        for (const { grown, moved, inside } of readings) {
          written = Math.min(wal.length, written + grown);
          const end = lsn(wal[written - 1]?.end ?? START);
          const positions = places.map((place, index) => {
            const next = Math.min(written, place + (moved[index] ?? 0));
            places[index] = next;
            const whole = wal[next - 1]?.end ?? START;
            return lsn(next < written ? whole + BigInt(inside) : whole);
          });
          const losses = await counter.losses(positions, end, SEGMENT, count);
          const expected = positions.map((position) => ({
            transactions: wal.slice(0, written).filter((one) => one.isCommit && one.end > position)
              .length,
            bytes: Number(end - position),
            isExact: true,
          }));
          expect(losses).toEqual(expected);
        }
      },
    ),
  );
});

test("an idle writer is not read, and a secondary that keeps up costs what it lacks", async () => {
  const wal = walOf(Array.from({ length: 4000 }, () => ({ bytes: 1000, isCommit: true })));
  const { count, readBytes } = counterOf(wal);
  const counter = new CommitCounter();
  const at = (index: number): Lsn => lsn(START + BigInt(index) * 1000n);
  await counter.losses([at(4000)], at(4000), SEGMENT, count);
  expect(readBytes()).toBe(0n);
  for (let reading = 1; reading <= 20; reading += 1) {
    const losses = await counter.losses([at(reading * 200 - 3)], at(reading * 200), SEGMENT, count);
    expect(losses).toEqual([{ transactions: 3, bytes: 3000, isExact: true }]);
  }
  expect(readBytes()).toBeLessThan(20n * 20_000n);
  const before = readBytes();
  await counter.losses([at(3997)], at(4000), SEGMENT, count);
  expect(readBytes()).toBe(before);
});

test("more than one reading may take is counted over several, and until then it is at least so many", async () => {
  const wal = walOf(Array.from({ length: 600 }, () => ({ bytes: 100_000, isCommit: true })));
  const end = lsn(wal.at(-1)?.end ?? START);
  const { count, readBytes } = counterOf(wal);
  const counter = new CommitCounter();
  const seen: { transactions: number; isExact: boolean }[] = [];
  for (let reading = 0; reading < 8; reading += 1) {
    const [loss] = await counter.losses([lsn(START)], end, SEGMENT, count);
    if (loss) seen.push(loss);
  }
  expect(seen[0]?.isExact).toBe(false);
  expect(seen[0]?.transactions).toBeGreaterThan(100);
  expect(seen[0]?.transactions).toBeLessThan(200);
  expect(seen.at(-1)).toEqual({ transactions: 600, bytes: 60_000_000, isExact: true });
  expect(readBytes()).toBeLessThan(70_000_000n);
});
