import fc from "fast-check";
import { expect, test } from "vitest";
import type { Lsn } from "../model/lsn.ts";
import { OldestCommit, type ScanWindow } from "./oldest-commit.ts";

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
function scanner(wal: readonly WalRecord[]): { scan: ScanWindow; windows: () => number } {
  let windows = 0;
  const scan: ScanWindow = async ({ from, to, beyond }) => {
    windows += 1;
    const inside = wal.filter(({ start, end }) => start >= from && end <= to);
    const commit = inside.find(({ end, isCommit }) => isCommit && end > beyond);
    return {
      commit: commit && { endLsn: lsn(commit.end), atMs: Number(commit.end) },
      lastEndLsn: inside.length === 0 ? undefined : lsn(inside.at(-1)?.end ?? 0n),
    };
  };
  return { scan, windows: () => windows };
}

test("it finds the first commit beyond any position, wherever records begin and end", async () => {
  const record = fc.record({
    bytes: fc.integer({ min: 24, max: 300_000 }),
    isCommit: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat({ max: 59 }), { minLength: 1, maxLength: 6 }),
      async (lengths, places) => {
        const wal = walOf(lengths);
        const end = wal.at(-1)?.end ?? START;
        const { scan } = scanner(wal);
        const commits = new OldestCommit();
        const positions = places.map((place) => wal[Math.min(place, wal.length - 1)]?.end ?? START);
        for (const position of positions.toSorted((a, b) => Number(a - b))) {
          const expected = wal.find((one) => one.isCommit && one.end > position);
          let search = await commits.after(lsn(position), lsn(end), SEGMENT, scan);
          for (let reading = 0; search.kind === "unfinished" && reading < 20; reading += 1) {
            search = await commits.after(lsn(position), lsn(end), SEGMENT, scan);
          }
          const found = search.kind === "found" ? search.commit.endLsn : search.kind;
          expect(found).toBe(expected ? expected.end : "none");
        }
      },
    ),
  );
});

test("a commit record that a position cuts in two is beyond it", async () => {
  const wal = walOf([
    { bytes: 100, isCommit: false },
    { bytes: 9000, isCommit: true },
  ]);
  const { scan } = scanner(wal);
  const middle = lsn(START + 8192n);
  const search = await new OldestCommit().after(middle, lsn(START + 9100n), SEGMENT, scan);
  expect(search).toMatchObject({ kind: "found", commit: { endLsn: START + 9100n } });
});

test("what was found is not looked for again until the position has passed it", async () => {
  const wal = walOf(Array.from({ length: 100 }, () => ({ bytes: 1000, isCommit: true })));
  const { scan, windows } = scanner(wal);
  const commits = new OldestCommit();
  await commits.after(lsn(START), lsn(START + 100_000n), SEGMENT, scan);
  await commits.after(lsn(START + 500n), lsn(START + 100_000n), SEGMENT, scan);
  expect(windows()).toBe(1);
  const next = await commits.after(lsn(START + 1000n), lsn(START + 100_000n), SEGMENT, scan);
  expect(next).toMatchObject({ commit: { endLsn: START + 2000n } });
  expect(windows()).toBe(2);
});

test("a bulk load is passed over several readings, and no byte of it twice", async () => {
  const bulk = Array.from({ length: 600 }, () => ({ bytes: 100_000, isCommit: false }));
  const wal = walOf([...bulk, { bytes: 50, isCommit: true }]);
  const end = lsn(wal.at(-1)?.end ?? START);
  const { scan, windows } = scanner(wal);
  const commits = new OldestCommit();
  const kinds: string[] = [];
  while (kinds.at(-1) !== "found" && kinds.length < 20) {
    kinds.push((await commits.after(lsn(START), end, SEGMENT, scan)).kind);
  }
  expect(kinds.slice(0, -1).every((kind) => kind === "unfinished")).toBe(true);
  expect(kinds.at(-1)).toBe("found");
  expect(kinds.length).toBeGreaterThan(1);
  expect(windows()).toBeLessThan(30);
});
