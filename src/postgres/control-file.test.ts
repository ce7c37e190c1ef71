import { expect, test } from "vitest";
import { parseControlFile } from "./control-file.ts";
import { crc32c } from "./crc32c.ts";
import { lastFork, historyFileName } from "./timeline-history.ts";

type Parts = {
  version?: number;
  state: number;
  checkPoint: bigint;
  timeline: number;
  replayed?: readonly [bigint, number];
};

/** As PostgreSQL lays it out, with what Leeward reads of it. */
function control(parts: Parts): Buffer {
  const { version = 1800, state, checkPoint, timeline, replayed = [0n, 0] } = parts;
  const bytes = Buffer.alloc(8192);
  bytes.writeBigUInt64LE(7710538474207663835n, 0);
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(state, 16);
  bytes.writeBigUInt64LE(checkPoint, 32);
  bytes.writeUInt32LE(timeline, 48);
  bytes.writeBigUInt64LE(replayed[0], 136);
  bytes.writeUInt32LE(replayed[1], 144);
  const sumAt = version === 1300 ? 288 : 292;
  bytes.writeUInt32LE(crc32c(0, bytes.subarray(0, sumAt)) >>> 0, sumAt);
  return bytes;
}

test.for([
  ["a primary that was shut down", { state: 1, checkPoint: 700n, timeline: 3 }, [3, 700n, true]],
  ["a primary that crashed", { state: 6, checkPoint: 700n, timeline: 3 }, [3, 700n, false]],
  [
    "a standby that was shut down",
    { state: 2, checkPoint: 700n, timeline: 3, replayed: [900n, 3] },
    [3, 900n, true],
  ],
  [
    "one that was promoted and crashed before its first checkpoint",
    { state: 6, checkPoint: 700n, timeline: 3, replayed: [950n, 4] },
    [4, 950n, false],
  ],
  ["PostgreSQL 15's", { version: 1300, state: 1, checkPoint: 700n, timeline: 1 }, [1, 700n, true]],
] as const)("the end of %s is read", ([, parts, [timeline, lsn, isClean]]) => {
  expect(parseControlFile(control(parts))).toEqual({
    kind: "read",
    systemId: "7710538474207663835",
    end: { timeline, lsn, isClean },
  });
});

test("what is torn, empty, or of a version that nobody has seen is not believed", () => {
  const bytes = control({ state: 1, checkPoint: 700n, timeline: 3 });
  bytes.writeUInt32LE(6, 16);
  expect(parseControlFile(bytes)).toEqual({ kind: "torn" });
  expect(parseControlFile(Buffer.alloc(3))).toEqual({ kind: "torn" });
  expect(parseControlFile(bytes.subarray(0, 100))).toEqual({ kind: "torn" });
  bytes.writeUInt32LE(1901, 8);
  expect(parseControlFile(bytes)).toEqual({ kind: "unknown-version", version: 1901 });
});

test("where a timeline left its parent is the last line of its history", () => {
  expect(historyFileName(26)).toBe("0000001A.history");
  const history =
    "1\t0/3000148\tno recovery target specified\n\n4\t1/A0\tno recovery target specified\n";
  expect(lastFork(5, history)).toEqual({ timeline: 5, parent: 4, lsn: 0x1_0000_00a0n });
  expect(lastFork(2, "")).toBeUndefined();
  expect(lastFork(2, "1\tnowhere\n")).toBeUndefined();
});
