import fc from "fast-check";
import { expect, test } from "vitest";
import type { Fork } from "../model/fork.ts";
import type { Lsn } from "../model/lsn.ts";
import type { SystemId } from "../model/region.ts";
import {
  formatToken,
  hasReplayed,
  judgeToken,
  laterToken,
  parseLsnNumber,
  parseToken,
  roundDownOutOfPageHeader,
  type Token,
} from "./token.ts";

const systemId = "7400000000000000001" as SystemId;
const token = (timeline: number, lsn: number): Token => ({ systemId, timeline, lsn });
const fork = (timeline: number, parent: number, lsn: bigint): Fork => ({
  timeline,
  parent,
  lsn: lsn as Lsn,
});
const tokens = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.maxSafeNat())
  .map(([timeline, lsn]) => token(timeline, lsn));

test("a token survives being shown and set", () => {
  fc.assert(
    fc.property(tokens, (one) => {
      expect(parseToken(formatToken(one))).toEqual(one);
    }),
  );
  expect(formatToken(token(3, 0x1_0000_00ff))).toBe("leeward1:7400000000000000001:3:1/FF");
});

test.for([
  "",
  "leeward1",
  "leeward2:1:1:0/1",
  "leeward1:1:0:0/1",
  "leeward1:1:4294967296:0/1",
  "leeward1:x:1:0/1",
  "leeward1:1:1:0/1 ",
  "leeward1:1:1:FFFFFFFF/0",
  `leeward1:${"1".repeat(100_000)}:1:0/1`,
])("%.40s is no token", (text) => {
  expect(parseToken(text)).toBeUndefined();
});

test("an lsn beyond 2^53 is no number that can be compared", () => {
  expect(parseLsnNumber("1FFFFF/FFFFFFFF")).toBe(Number.MAX_SAFE_INTEGER);
  expect(parseLsnNumber("200000/0")).toBeUndefined();
});

test("of two tokens the later one is the same, whatever order they come in", () => {
  fc.assert(
    fc.property(tokens, tokens, tokens, (a, b, c) => {
      expect(laterToken(a, b)).toEqual(laterToken(b, a));
      expect(laterToken(laterToken(a, b), c)).toEqual(laterToken(a, laterToken(b, c)));
      expect(laterToken(a, a)).toEqual(a);
      const both = laterToken(a, b);
      const isAtLeast = (one: Token): boolean =>
        both.timeline > one.timeline || (both.timeline === one.timeline && both.lsn >= one.lsn);
      expect(isAtLeast(a) && isAtLeast(b)).toBe(true);
    }),
  );
});

test("a token of another database system is replaced, never compared", () => {
  const other = { ...token(9, 99), systemId: "1" as SystemId };
  expect(laterToken(other, token(1, 1))).toEqual(token(1, 1));
  expect(laterToken(undefined, token(1, 1))).toEqual(token(1, 1));
  const judged = judgeToken(other, { systemId, forks: [], timeline: 1 });
  expect(judged).toMatchObject({ kind: "foreign" });
});

test("case 42: a token is carried over a planned switchover, and one past the fork is lost", () => {
  const known = { systemId, forks: [fork(2, 1, 100n)], timeline: 2 };
  expect(judgeToken(token(1, 100), known)).toEqual({ kind: "reached-by", timeline: 1, lsn: 100 });
  expect(judgeToken(token(2, 500), known)).toEqual({ kind: "reached-by", timeline: 2, lsn: 500 });
  expect(judgeToken(token(1, 101), known)).toMatchObject({ kind: "lost" });
  const passedOver = { ...known, forks: [...known.forks, fork(3, 1, 100n)], timeline: 3 };
  expect(judgeToken(token(2, 90), passedOver)).toMatchObject({ kind: "lost" });
});

test("a token is neither good nor lost while the fork that tells is not known", () => {
  const known = { systemId, forks: [fork(2, 1, 100n)], timeline: 2 };
  expect(judgeToken(token(3, 500), known)).toMatchObject({ kind: "unknown-yet", timeline: 3 });
  const metAnother = { ...known, timeline: 3 };
  expect(judgeToken(token(2, 500), metAnother)).toMatchObject({ kind: "unknown-yet" });
  expect(judgeToken(token(1, 101), metAnother)).toMatchObject({ kind: "lost" });
});

test("an instance on a later timeline has what lies before the fork, and one on a lost timeline has nothing", () => {
  const forks = [fork(2, 1, 100n)];
  const at = (timeline: number, lsn: number): Token => token(timeline, lsn);
  expect(hasReplayed(at(2, 120), at(1, 90), forks)).toBe(true);
  expect(hasReplayed(at(1, 100), at(1, 90), forks)).toBe(true);
  expect(hasReplayed(at(1, 80), at(1, 90), forks)).toBe(false);
  expect(hasReplayed(at(1, 100), at(2, 100), forks)).toBe(false);
  expect(hasReplayed(at(1, 150), at(1, 90), forks)).toBe(false);
  expect(hasReplayed(at(2, 120), at(1, 110), forks)).toBe(false);
  expect(hasReplayed(at(3, 900), at(1, 90), forks)).toBe(false);
  expect(hasReplayed(at(3, 900), at(3, 800), forks)).toBe(true);
});

test("case 34: a position inside a page header becomes the end of the page before, and any other stays", () => {
  expect(roundDownOutOfPageHeader(0xb0e4018)).toBe(0xb0e4000);
  expect(roundDownOutOfPageHeader(0xb0e4000)).toBe(0xb0e4000);
  expect(roundDownOutOfPageHeader(0xb0e4019)).toBe(0xb0e4019);
  expect(roundDownOutOfPageHeader(0x3000028)).toBe(0x3000000);
  expect(roundDownOutOfPageHeader(0x3000029)).toBe(0x3000029);
  expect(roundDownOutOfPageHeader(0x3002028)).toBe(0x3002028);
  expect(roundDownOutOfPageHeader(0x100028, 0x100000)).toBe(0x100000);
});
