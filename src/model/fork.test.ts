import { expect, test } from "vitest";
import { isPastFork, newestTimeline, type Fork } from "./fork.ts";
import type { Lsn } from "./lsn.ts";

const fork = (timeline: number, parent: number, lsn: bigint): Fork => ({
  timeline,
  parent,
  lsn: lsn as Lsn,
});
const at = (timeline: number, lsn: bigint): { timeline: number; lsn: Lsn } => ({
  timeline,
  lsn: lsn as Lsn,
});

test("the newest timeline is that of the last promotion, and 1 before the first", () => {
  expect(newestTimeline([])).toBe(1);
  expect(newestTimeline([fork(2, 1, 10n), fork(3, 2, 20n)])).toBe(3);
});

test("I5: what was written beyond the place where a timeline was left is past its fork", () => {
  const forks = [fork(2, 1, 10n), fork(3, 2, 20n)];
  expect(isPastFork(at(1, 10n), forks)).toBe(false);
  expect(isPastFork(at(1, 11n), forks)).toBe(true);
  expect(isPastFork(at(2, 20n), forks)).toBe(false);
  expect(isPastFork(at(2, 21n), forks)).toBe(true);
  expect(isPastFork(at(3, 99n), forks)).toBe(false);
});

test("O10: everything on a timeline that was passed over is past its fork", () => {
  const forks = [fork(2, 1, 10n), fork(3, 1, 8n)];
  expect(isPastFork(at(2, 10n), forks)).toBe(true);
  expect(isPastFork(at(2, 5n), forks)).toBe(true);
  expect(isPastFork(at(1, 8n), forks)).toBe(false);
  expect(isPastFork(at(1, 9n), forks)).toBe(true);
  const later = [...forks, fork(4, 3, 30n)];
  expect(isPastFork(at(2, 10n), later)).toBe(true);
  expect(isPastFork(at(3, 30n), later)).toBe(false);
});

test("a timeline that nobody has heard of yet is past no fork", () => {
  expect(isPastFork(at(3, 99n), [fork(2, 1, 10n)])).toBe(false);
  expect(isPastFork(at(2, 99n), [])).toBe(false);
});
