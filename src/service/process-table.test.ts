import { expect, test } from "vitest";
import { CpuMeter, cpuMillisBetween } from "./cpu-use.ts";
import { familyOf, parseStat, type TableRow } from "./process-table.ts";

function row(pid: number, more: Partial<TableRow> = {}): TableRow {
  return { pid, born: `b${pid}`, parent: 1, group: pid, session: pid, ticks: 0, ...more };
}

const leader = { pid: 10, born: "b10" };
const pids = (rows: readonly TableRow[]): readonly number[] =>
  rows.map(({ pid }) => pid).toSorted((a, b) => a - b);

test("a name with spaces and brackets does not shift the fields of /proc/PID/stat", () => {
  const rest = "S 7 10 11 0 -1 4194560 100 0 0 0 5 6 7 8 20 0 1 0 4711 1000 200";
  expect(parseStat(`42 (a) b (c)) ${rest}`)).toEqual({
    pid: 42,
    parent: 7,
    group: 10,
    session: 11,
    ticks: 26,
    born: "4711",
  });
});

test("a zombie, and what is no line of it, is nobody", () => {
  expect(parseStat("42 (sh) Z 7 10 11 0 -1")).toBeUndefined();
  expect(parseStat("")).toBeUndefined();
});

test("group, session and descent make a family", () => {
  const table = [
    row(10),
    row(11, { parent: 10, group: 10, session: 10 }),
    row(12, { parent: 1, session: 10 }),
    row(13, { parent: 11 }),
    row(14, { parent: 13 }),
    row(20),
    row(21, { parent: 20 }),
  ];
  expect(pids(familyOf(leader, [], table))).toEqual([10, 11, 12, 13, 14]);
});

test("who was seen before stays of the family when its parents have left", () => {
  const table = [row(14), row(15, { parent: 14 }), row(16)];
  const known = [{ pid: 14, born: "b14" }];
  expect(pids(familyOf(leader, known, table))).toEqual([14, 15]);
});

test("a later process with a number of the family is a stranger, and so is its group", () => {
  const table = [
    row(10, { born: "later" }),
    row(11, { group: 10, session: 10 }),
    row(14, { born: "later" }),
  ];
  expect(familyOf(leader, [{ pid: 14, born: "b14" }], table)).toEqual([]);
});

test("a group without its leader is still the leader's", () => {
  expect(pids(familyOf(leader, [], [row(11, { group: 10, session: 10 })]))).toEqual([11]);
});

test("a core that is used for a second is a thousand thousandths", () => {
  const before = { atMs: 5_000, ticks: 700 };
  expect(cpuMillisBetween(before, { atMs: 6_000, ticks: 800 })).toBe(1_000);
  expect(cpuMillisBetween(before, { atMs: 7_000, ticks: 725 })).toBe(125);
});

test("what left and took its share along makes no use below nothing", () => {
  expect(cpuMillisBetween({ atMs: 0, ticks: 100 }, { atMs: 1_000, ticks: 40 })).toBe(0);
});

test("a look too soon after another does not count, and the next one counts from before", () => {
  const meter = new CpuMeter();
  meter.heard({ atMs: 0, ticks: 0 });
  expect(meter.millis).toBeUndefined();
  meter.heard({ atMs: 400, ticks: 40 });
  expect(meter.millis).toBeUndefined();
  meter.heard({ atMs: 2_000, ticks: 50 });
  expect(meter.millis).toBe(250);
});
