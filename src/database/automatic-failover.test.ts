import fc from "fast-check";
import { expect, test } from "vitest";
import { east, europe, west } from "../../test/database-fixtures.ts";
import { decideFailover, type FailoverDecision, type FailoverView } from "./automatic-failover.ts";

/** `east` is lost, both others say so, and `west` has the most. */
const lost: FailoverView = {
  primary: east,
  primaryReportAgeMs: 5_000,
  reportMaxAgeMs: 3_000,
  controllerAgeMs: 60_000,
  writerFailingMs: 0,
  witnesses: [
    { region: west, silentMs: 5_000 },
    { region: europe, silentMs: 5_000 },
  ],
  candidates: [
    { region: europe, loss: undefined, flushedLsn: 1_000n },
    { region: west, loss: undefined, flushedLsn: 2_000n },
  ],
  sinceFailoverMs: undefined,
  failoverPauseMs: 60_000,
  isStoppedByPerson: false,
};

type Case = readonly [
  what: string,
  fields: Partial<FailoverView>,
  kind: FailoverDecision["kind"],
  because: string,
];

const cases: readonly Case[] = [
  [
    "a writer that nobody hears",
    {},
    "fail-over",
    "us-east-1 has not been heard for 5000 ms; us-west-2 has the most",
  ],
  [
    "a writer that is heard and serves",
    { primaryReportAgeMs: 3_000 },
    "healthy",
    "the writer is heard and serves",
  ],
  [
    "a writer that has not reported to a controller that is new",
    { primaryReportAgeMs: undefined, controllerAgeMs: 10_000 },
    "healthy",
    "the writer is heard and serves",
  ],
  [
    "a writer that never reported to a controller that is not new",
    { primaryReportAgeMs: undefined, controllerAgeMs: 10_001 },
    "fail-over",
    "us-east-1 has not been heard for 10001 ms; us-west-2 has the most",
  ],
  [
    "a writer that another Region hears",
    {
      witnesses: [
        { region: west, silentMs: 2_999 },
        { region: europe, silentMs: 5_000 },
      ],
    },
    "hold",
    "us-east-1 has not been heard for 5000 ms, but us-west-2 still hears us-east-1",
  ],
  [
    "a writer whose other Regions are not heard either",
    { witnesses: [] },
    "hold",
    "us-east-1 has not been heard for 5000 ms, but no other Region can say so, too",
  ],
  [
    "a writer that no other Region ever knew",
    { witnesses: [{ region: west, silentMs: undefined }] },
    "hold",
    "us-east-1 has not been heard for 5000 ms, but no other Region can say so, too",
  ],
  [
    "a writer that one of two Regions misses, while the other never knew it",
    {
      witnesses: [
        { region: west, silentMs: undefined },
        { region: europe, silentMs: 3_000 },
      ],
    },
    "fail-over",
    "us-east-1 has not been heard for 5000 ms; us-west-2 has the most",
  ],
  [
    "a writer whose agent says for 10 s that it does not serve",
    { primaryReportAgeMs: 100, writerFailingMs: 10_000 },
    "healthy",
    "the writer is heard and serves",
  ],
  [
    "a writer whose agent says for more than 10 s that it does not serve, whoever hears that agent",
    {
      primaryReportAgeMs: 100,
      writerFailingMs: 10_001,
      witnesses: [{ region: west, silentMs: 0 }],
    },
    "fail-over",
    "the writer in us-east-1 has not served for 10001 ms; us-west-2 has the most",
  ],
  [
    "a writer whose Region a person stopped",
    { isStoppedByPerson: true },
    "hold",
    "us-east-1 has not been heard for 5000 ms, but a person stopped that Region",
  ],
  [
    "a writer that is lost in the pause after a failover",
    { sinceFailoverMs: 59_999 },
    "hold",
    "us-east-1 has not been heard for 5000 ms, but the last failover was 60 s ago, and 60 s have to pass",
  ],
  [
    "a writer that is lost after the pause after a failover",
    { sinceFailoverMs: 60_000 },
    "fail-over",
    "us-east-1 has not been heard for 5000 ms; us-west-2 has the most",
  ],
  [
    "a writer without a candidate that is heard",
    { candidates: [] },
    "hold",
    "us-east-1 has not been heard for 5000 ms, but no candidate is heard",
  ],
];

test.for(cases)("O8: %s", ([, fields, kind, because]) => {
  const decision = decideFailover({ ...lost, ...fields });
  expect([decision.kind, decision.because]).toEqual([kind, because]);
});

const anyAgeMs = fc.integer({ min: 0, max: 20_000 });
const anyView: fc.Arbitrary<FailoverView> = fc
  .record({
    primaryReportAgeMs: fc.option(anyAgeMs, { nil: undefined }),
    controllerAgeMs: anyAgeMs,
    writerFailingMs: anyAgeMs,
    witnesses: fc.subarray([west, europe]).chain((regions) =>
      fc.tuple(
        ...regions.map((region) =>
          fc.record({
            region: fc.constant(region),
            silentMs: fc.option(anyAgeMs, { nil: undefined }),
          }),
        ),
      ),
    ),
    candidates: fc.subarray([...lost.candidates]),
    sinceFailoverMs: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
    isStoppedByPerson: fc.boolean(),
  })
  .map((drawn) => ({ ...lost, ...drawn }));

test("O8: whatever is seen, nobody fails over on one vantage point's word, or to one that is not a candidate", () => {
  fc.assert(
    fc.property(anyView, (view) => {
      const decision = decideFailover(view);
      if (decision.kind !== "fail-over") return true;
      const saysItself = view.writerFailingMs > 10_000;
      const othersMiss = view.witnesses.some(({ silentMs }) => (silentMs ?? 0) >= 3_000);
      const nobodyHears = view.witnesses.every(({ silentMs }) => (silentMs ?? 3_000) >= 3_000);
      const most = view.candidates.every(
        ({ flushedLsn }) =>
          flushedLsn <= (view.candidates.find(isTarget(decision.to))?.flushedLsn ?? -1n),
      );
      return (saysItself || (othersMiss && nobodyHears)) && most && !view.isStoppedByPerson;
    }),
    { numRuns: 500 },
  );
  expect(decideFailover(lost)).toMatchObject({ kind: "fail-over", to: west });
});

function isTarget(to: string): (candidate: { readonly region: string }) => boolean {
  return ({ region }) => region === to;
}
