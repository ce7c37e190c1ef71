import { expect, test } from "vitest";
import type { Lsn } from "../model/lsn.ts";
import { WalSamples } from "./wal-samples.ts";

const lsn = (position: number): Lsn => BigInt(position) as Lsn;

test("what a secondary has is of no age", () => {
  const samples = new WalSamples();
  expect(samples.ageMsBeyond(lsn(5), 0)).toBeUndefined();
  samples.add(lsn(10), 1000);
  expect(samples.ageMsBeyond(lsn(10), 9000)).toBe(0);
});

test("the age counts from the last reading at which the position was the end", () => {
  const samples = new WalSamples();
  samples.add(lsn(10), 1000);
  samples.add(lsn(10), 2000);
  samples.add(lsn(20), 3000);
  samples.add(lsn(30), 4000);
  expect(samples.ageMsBeyond(lsn(10), 5000)).toBe(3000);
  expect(samples.ageMsBeyond(lsn(25), 5000)).toBe(2000);
  expect(samples.ageMsBeyond(lsn(5), 5000)).toBeUndefined();
});

test("a day of readings is bounded, yet it is precise of late and near enough of old", () => {
  const samples = new WalSamples();
  for (let second = 0; second < 86_400; second += 1) samples.add(lsn(second), second * 1000);
  const age = samples.ageMsBeyond(lsn(3600), 86_400_000);
  expect(age).toBeGreaterThan(82_800_000 - 1);
  expect(age).toBeLessThan(82_800_000 * 1.02);
  expect(samples.ageMsBeyond(lsn(86_390), 86_400_000)).toBe(10_000);
});
