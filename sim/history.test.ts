import { expect, test } from "vitest";
import type { DatabaseId, RegionId } from "../src/model/region.ts";
import { Branch, commitsBeyond, holds, isPrefix, type SimCommit } from "./history.ts";
import { SimHost } from "./host.ts";

const hostIn = (region: string): SimHost =>
  new SimHost(
    { database: "orders" as DatabaseId, region: region as RegionId, number: 1 },
    { host: "127.0.1.11", port: 1 },
  );
const [a, b] = [hostIn("a"), hostIn("b")];

function commit(branch: Branch, lsn: number): SimCommit {
  const made = { id: lsn, lsn, branch, host: branch.writer, atMs: 0 };
  branch.commits.push(made);
  return made;
}

test("what was written before a fork is common, what was written after it is not", () => {
  const first = new Branch(1, undefined, a);
  const [kept, lost] = [commit(first, 10), commit(first, 30)];
  const second = new Branch(2, { branch: first, lsn: 20 }, b);
  const end = { branch: second, lsn: 50 };
  expect(holds(end, kept)).toBe(true);
  expect(holds(end, lost)).toBe(false);
  expect(isPrefix({ branch: first, lsn: 20 }, end)).toBe(true);
  expect(isPrefix({ branch: first, lsn: 21 }, end)).toBe(false);
  expect(commitsBeyond({ branch: first, lsn: 40 }, end)).toEqual([lost]);
});

test("two servers that were promoted apart share a timeline's number and nothing more", () => {
  const first = new Branch(1, undefined, a);
  const left = new Branch(2, { branch: first, lsn: 20 }, a);
  const right = new Branch(2, { branch: first, lsn: 20 }, b);
  const only = commit(left, 25);
  expect(isPrefix({ branch: left, lsn: 21 }, { branch: right, lsn: 40 })).toBe(false);
  expect(commitsBeyond({ branch: left, lsn: 30 }, { branch: right, lsn: 40 })).toEqual([only]);
  expect(commitsBeyond({ branch: right, lsn: 40 }, { branch: left, lsn: 30 })).toEqual([]);
});

test("a grandchild that left before its parent's fork does not have the parent's end", () => {
  const first = new Branch(1, undefined, a);
  const late = commit(first, 15);
  const second = new Branch(2, { branch: first, lsn: 10 }, b);
  const third = new Branch(3, { branch: second, lsn: 30 }, a);
  expect(holds({ branch: third, lsn: 90 }, late)).toBe(false);
});
