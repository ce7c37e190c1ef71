import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import { LeaseBook } from "./lease-book.ts";

const terms = { ttlMs: 3_000, marginMs: 1_000 };

test("O5: a controller that starts counts every lease as given at its start", async () => {
  const clock = new SimClock();
  await clock.runUntil(50_000);
  const leases = new LeaseBook(clock, terms);
  expect(leases.leftMs("systems/orders")).toBe(4_000);
  await clock.runUntil(53_999);
  expect(leases.leftMs("systems/orders")).toBe(1);
  await clock.runUntil(54_000);
  expect(leases.leftMs("systems/orders")).toBe(0);
  await clock.runUntil(90_000);
  expect(leases.leftMs("systems/orders")).toBe(0);
});

test("O4: a lease is over when its time and the margin have passed since it was given last", async () => {
  const clock = new SimClock();
  const leases = new LeaseBook(clock, terms);
  await clock.runUntil(10_000);
  leases.granted("systems/orders");
  await clock.runUntil(11_000);
  leases.granted("systems/orders");
  expect(leases.leftMs("systems/orders")).toBe(4_000);
  await clock.runUntil(14_000);
  expect([leases.leftMs("systems/orders"), leases.leftMs("systems/stock")]).toEqual([1_000, 0]);
});
