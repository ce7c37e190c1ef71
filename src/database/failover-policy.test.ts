import { expect, test } from "vitest";
import { SimClock } from "../../sim/clock.ts";
import {
  createdRecord,
  east,
  emptyReport,
  europe,
  factsOf,
  lagOf,
  orders,
  position,
  secondaryReport,
  west,
  writerReport,
} from "../../test/database-fixtures.ts";
import type { InstanceReport } from "../model/instance.ts";
import type { ControllerTerm, RegionId } from "../model/region.ts";
import { estimateLoss } from "./estimated-loss.ts";
import { FailoverPolicy } from "./failover-policy.ts";
import type { SystemRecord } from "./records.ts";
import { Reports } from "./reports.ts";

const system = { ...orders, failover: "automatic", failoverPauseMs: 60_000 } as const;

/** A policy, and what it is told. */
class Watched {
  readonly clock = new SimClock();
  readonly reports = new Reports(this.clock, 1 as ControllerTerm);
  record: SystemRecord = createdRecord();
  /** When a person's stop of the primary Region was over; Infinity while it lasts. */
  stoppedUntilMs: number | undefined;
  readonly policy = new FailoverPolicy(this.clock, () =>
    this.stoppedUntilMs === undefined
      ? undefined
      : Math.max(0, this.clock.monotonicMs() - this.stoppedUntilMs),
  );

  tell(region: RegionId, report: InstanceReport, silentMs?: number): void {
    const peers = silentMs === undefined ? [] : [{ region: east, silentMs }];
    this.reports.take(region, this.reports.ticket(region), factsOf(report, peers));
  }

  /** The secondaries report, and say how long they have not heard `east`. */
  others(silentMs: number): void {
    this.tell(west, secondaryReport({ position: position(1, 2_000) }), silentMs);
    this.tell(europe, secondaryReport(), silentMs);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
  }

  decide(): ReturnType<FailoverPolicy["decide"]> {
    return this.policy.decide(system, this.record, this.reports, new Map());
  }
}

const serving = writerReport();
const failed = writerReport({ state: { kind: "failed", because: "disk full", code: "x" } });

test("O8: a writer that falls silent is an event, and so is its return, and nothing in between", async () => {
  const watched = new Watched();
  watched.tell(east, serving);
  watched.others(0);
  expect(watched.decide()).toMatchObject({ decision: { kind: "healthy" }, event: undefined });
  await watched.pass(4_000);
  watched.others(100);
  expect(watched.decide()).toMatchObject({
    decision: { kind: "hold" },
    event: { kind: "failover.withheld", region: east, details: { to: null } },
  });
  await watched.pass(1_000);
  watched.others(100);
  expect(watched.decide()).toMatchObject({ decision: { kind: "hold" }, event: undefined });
  watched.tell(east, serving);
  expect(watched.decide()).toMatchObject({ event: { kind: "failover.not-needed" } });
  expect(watched.decide().event).toBeUndefined();
});

test("O8: a writer that the controller and the others miss is failed over from, and the event says to where", async () => {
  const watched = new Watched();
  watched.tell(east, serving);
  await watched.pass(4_000);
  watched.others(4_000);
  expect(watched.decide()).toMatchObject({
    decision: { kind: "fail-over", to: west },
    event: { kind: "failover.decided", details: { to: west, epoch: 1 } },
  });
});

test("O8: a failover that is refused is an event, and is not told again until something else is decided", async () => {
  const watched = new Watched();
  const refuse = (because: string): string | undefined =>
    watched.policy.refused(system, watched.record, because)?.kind;
  watched.tell(east, serving);
  await watched.pass(4_000);
  watched.others(4_000);
  expect(watched.decide().event?.kind).toBe("failover.decided");
  expect(refuse("it is 20 ms too early")).toBe("failover.withheld");
  await watched.pass(1_000);
  watched.others(5_000);
  expect(watched.decide()).toMatchObject({ decision: { kind: "fail-over" }, event: undefined });
  expect(refuse("it is 10 ms too early")).toBeUndefined();
  expect(refuse("the target is gone")).toBe("failover.withheld");
  watched.tell(east, serving);
  expect(watched.decide().event?.kind).toBe("failover.not-needed");
  await watched.pass(4_000);
  watched.others(4_000);
  expect(watched.decide().event?.kind).toBe("failover.decided");
  expect(refuse("the target is gone")).toBe("failover.withheld");
});

test("O8: a Region that a person stopped is not failed over from, nor while it comes back, for 30 s at most", async () => {
  const watched = new Watched();
  const look = (): string => {
    watched.others(60_000);
    return watched.decide().decision.kind;
  };
  watched.tell(east, serving);
  watched.stoppedUntilMs = Infinity;
  watched.reports.forget(east);
  await watched.pass(60_000);
  expect(look()).toBe("hold");
  watched.stoppedUntilMs = watched.clock.monotonicMs();
  await watched.pass(29_000);
  expect(look()).toBe("hold");
  await watched.pass(1_000);
  expect(look()).toBe("fail-over");
});

test("O8: a Region that is lost when it has been heard after its start is failed over from as any other", async () => {
  const watched = new Watched();
  watched.stoppedUntilMs = watched.clock.monotonicMs();
  watched.tell(east, serving);
  watched.others(0);
  expect(watched.decide().decision.kind).toBe("healthy");
  await watched.pass(4_000);
  watched.others(4_000);
  expect(watched.decide().decision.kind).toBe("fail-over");
});

test("O8: what a witness said grows old with its report, and a silent witness is none", async () => {
  const watched = new Watched();
  watched.tell(east, serving);
  watched.others(0);
  await watched.pass(2_500);
  watched.tell(east, serving);
  await watched.pass(3_100);
  expect(watched.decide().decision).toMatchObject({ kind: "hold" });
  expect(watched.decide().decision.because).toContain("no other Region can say so");
});

test("O8: a witness hears the writer also at the end of the second between two pings, and of that between two reports", async () => {
  const watched = new Watched();
  watched.tell(east, serving);
  await watched.pass(4_000);
  watched.others(1_050);
  await watched.pass(1_050);
  expect(watched.decide().decision.because).toContain("still hears us-east-1");
});

test("O8: the silence that a witness told of goes on while it says nothing new", async () => {
  const watched = new Watched();
  watched.tell(east, serving);
  await watched.pass(4_000);
  watched.others(2_500);
  expect(watched.decide().decision.kind).toBe("hold");
  await watched.pass(600);
  expect(watched.decide().decision.kind).toBe("fail-over");
});

test("O8: a Region that is no member is no witness, and one that is no candidate is no target", async () => {
  const watched = new Watched();
  watched.record = createdRecord({ members: [east, europe], candidates: [europe] });
  watched.tell(east, serving);
  await watched.pass(4_000);
  watched.tell(west, secondaryReport({ position: position(1, 9_000) }), 0);
  watched.tell(europe, secondaryReport(), 4_000);
  expect(watched.decide().decision).toMatchObject({ kind: "fail-over", to: europe });
});

test("O8: a candidate that does not answer, or does not know where it is, is no target", async () => {
  const watched = new Watched();
  watched.tell(east, serving);
  await watched.pass(4_000);
  watched.tell(west, emptyReport(), 4_000);
  watched.tell(europe, secondaryReport({ position: undefined }), 4_000);
  expect(watched.decide().decision.because).toContain("no candidate is heard");
});

test("O8, O9: a candidate without room on its disk is no target, however much it received", async () => {
  const watched = new Watched();
  watched.tell(east, serving);
  await watched.pass(4_000);
  const full = { position: position(1, 9_000), diskFreeBytes: 1_000 };
  watched.tell(west, secondaryReport(full), 4_000);
  watched.tell(europe, secondaryReport(), 4_000);
  expect(watched.decide().decision).toMatchObject({ kind: "fail-over", to: europe });
});

test("O8: a writer that is heard and does not serve is failed over from after 10 s; one that starts has 60 s", async () => {
  const watched = new Watched();
  const turn = async (report: InstanceReport, ms: number): Promise<string> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      watched.tell(east, report);
      watched.others(0);
      watched.decide();
      await watched.pass(1_000);
    }
    watched.tell(east, report);
    watched.others(0);
    return watched.decide().decision.kind;
  };
  expect(await turn(failed, 10_000)).toBe("healthy");
  expect(await turn(serving, 1_000)).toBe("healthy");
  const starting: InstanceReport = { ...failed, state: { kind: "starting", because: "" } };
  expect(await turn(starting, 59_000)).toBe("healthy");
  expect(await turn(starting, 1_000)).toBe("fail-over");
  expect(await turn(serving, 1_000)).toBe("healthy");
  expect(await turn(failed, 11_000)).toBe("fail-over");
});

test("O8: the pause after a failover counts from its claim, also when the wall clock goes back", async () => {
  const watched = new Watched();
  await watched.pass(100_000);
  const at = (agoMs: number): SystemRecord =>
    createdRecord({ lastFailoverWallMs: watched.clock.wallMs() - agoMs });
  watched.others(4_000);
  watched.record = at(59_000);
  expect(watched.decide().decision.because).toContain("the last failover was 59 s ago");
  watched.record = at(61_000);
  expect(watched.decide().decision.kind).toBe("fail-over");
  watched.record = at(-3_600_000);
  expect(watched.decide().decision.kind).toBe("fail-over");
});

test("what a failover would lose is what the writer measured last, with the age of that", () => {
  const loss = { transactions: 7, bytes: 900, isExact: false };
  const report = writerReport({ lags: [lagOf(west, { loss, rpoLagMs: 250.4 })] });
  expect(estimateLoss({ report, ageMs: 1_200.6 }, west)).toEqual({
    ...loss,
    ms: 250,
    sampleAgeMs: 1_201,
  });
  expect(estimateLoss({ report, ageMs: 0 }, europe)).toBeUndefined();
  expect(estimateLoss(undefined, west)).toBeUndefined();
  const unknown = writerReport({ lags: [lagOf(west, { loss: undefined })] });
  expect(estimateLoss({ report: unknown, ageMs: 0 }, west)).toBeUndefined();
});
