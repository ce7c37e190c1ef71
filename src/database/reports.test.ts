import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import {
  database,
  east as region,
  emptyReport,
  factsOf,
  west,
} from "../../test/database-fixtures.ts";
import type { ControllerTerm } from "../model/region.ts";
import { reportMaxAgeMs, Reports, type RegionFacts } from "./reports.ts";

const id = { database, region, number: 1 };
const report = (kind: "absent" | "serving"): RegionFacts =>
  factsOf(emptyReport({ state: { kind } }), [{ region: west, silentMs: 200 }]);
const make = (clock = new SimClock(), term = 1): Reports =>
  new Reports(clock, term as ControllerTerm);

test("D5: a report is fresh for a while, and afterwards only remembered", async () => {
  const clock = new SimClock();
  const reports = make(clock);
  reports.take(region, reports.ticket(region), report("serving"));
  await clock.runUntil(reportMaxAgeMs);
  expect(reports.fresh(id)?.state.kind).toBe("serving");
  await clock.runUntil(reportMaxAgeMs + 1);
  expect(reports.fresh(id)).toBeUndefined();
  expect(reports.last(id)).toMatchObject({ report: { state: { kind: "serving" } }, ageMs: 3_001 });
});

test("D9: a report that was overtaken is not believed when it comes out at last", () => {
  const reports = make();
  const ticket = reports.ticket(region);
  expect(reports.take(region, ticket, report("serving"))).toBe(true);
  expect(reports.take(region, ticket, report("absent"))).toBe(false);
  expect(reports.fresh(id)?.state.kind).toBe("serving");
});

test("D9: an agent's first report is not believed, and neither is one meant for an earlier controller", () => {
  const [first, second] = [make(), make(new SimClock(), 2)];
  expect(first.take(region, "", report("absent"))).toBe(false);
  expect(second.take(region, first.ticket(region), report("absent"))).toBe(false);
  expect(second.ageMs(region)).toBeUndefined();
});

test("D9: what a Region said before it was switched off is forgotten, also what is still under way", () => {
  const reports = make();
  reports.take(region, reports.ticket(region), report("serving"));
  const underWay = reports.ticket(region);
  reports.forget(region);
  expect(reports.last(id)).toBeUndefined();
  expect(reports.take(region, underWay, report("serving"))).toBe(false);
});

test("the last words of a Region that was switched off are kept, until it speaks again", () => {
  const reports = make();
  expect(reports.lastWords(id)).toBeUndefined();
  reports.take(region, reports.ticket(region), report("serving"));
  reports.forget(region);
  // Switched off again before it said anything: that it said nothing takes nothing back.
  reports.forget(region);
  expect(reports.lastWords(id)?.report.state.kind).toBe("serving");
  reports.take(region, reports.ticket(region), report("absent"));
  expect(reports.lastWords(id)?.report.state.kind).toBe("absent");
});

test("what an agent hears of other Regions' agents grows old with its report", async () => {
  const clock = new SimClock();
  const reports = make(clock);
  expect(reports.facts(region)).toBeUndefined();
  reports.take(region, reports.ticket(region), report("serving"));
  await clock.runUntil(500);
  expect(reports.facts(region)).toMatchObject({
    peers: [{ region: west, silentMs: 200 }],
    ageMs: 500,
  });
});
