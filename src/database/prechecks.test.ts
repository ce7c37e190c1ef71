import { expect, test } from "vitest";
import {
  blankRecord,
  createdRecord,
  east,
  epoch,
  europe,
  lagOf,
  operationOf,
  orders,
  requestOf,
  secondaryReport,
  theirs,
  west,
  writerReport,
} from "../../test/database-fixtures.ts";
import type { EvidenceSlot } from "../model/evidence.ts";
import type { FailureCode } from "../model/failure.ts";
import type { InstanceReport, MeasuredLag } from "../model/instance.ts";
import type { Lsn } from "../model/lsn.ts";
import type { OperationRequest } from "../model/operation.ts";
import type { RegionId } from "../model/region.ts";
import { precheck, type PrecheckView } from "./prechecks.ts";

type Reported = Partial<Record<string, InstanceReport | undefined>>;
type Seen = Partial<Omit<PrecheckView, "reportOf">> & { readonly reports?: Reported };

/** Everything is well, but for what a test says. */
function view({ reports = {}, ...seen }: Seen): PrecheckView {
  const all: Reported = {
    [east]: writerReport(),
    [west]: secondaryReport(),
    [europe]: secondaryReport(),
    ...reports,
  };
  return {
    system: orders,
    record: createdRecord(),
    running: undefined,
    detached: undefined,
    reportOf: (region: RegionId) => all[region],
    pinnedSessions: 0,
    ...seen,
  };
}

/** The first check that is not passed, as whoever asked is told. */
function refusal(
  request: OperationRequest,
  seen: Seen = {},
): readonly [code: FailureCode, because: string] | undefined {
  const failed = precheck(request, view(seen)).find(({ isPassed }) => !isPassed);
  return failed && [failed.code, failed.because];
}

const lagging = (fields: Partial<MeasuredLag>): Reported => ({
  [east]: writerReport({ lags: [lagOf(west, fields)] }),
});
const lostSlot: EvidenceSlot = {
  database: "orders",
  confirmedLsn: undefined,
  retainedBytes: 0,
  isIntact: false,
  isPinned: false,
};
const down = { state: { kind: "stopped", because: "a test" } } as const;
const switchover = requestOf("switchover", west);
const failover = requestOf("failover", west);
const running = operationOf("switchover", { step: "hand-over" });
const tokyo = "ap-northeast-1" as RegionId;

test("every operation may begin when all is well, and each check that is passed has nothing to say", () => {
  const alone = createdRecord({ primary: west, members: [west] });
  const away: Seen = { record: createdRecord({ members: [east, europe] }) };
  const begun: readonly (readonly [OperationRequest, Seen])[] = [
    [switchover, {}],
    [failover, {}],
    [requestOf("detach", west), {}],
    [requestOf("remove", west), {}],
    [requestOf("add", west), away],
    [requestOf("rejoin", west), { ...away, detached: alone }],
    [requestOf("remove", west), { ...away, detached: alone }],
  ];
  for (const [request, seen] of begun) {
    const checks = precheck(request, view(seen));
    expect(checks.map(({ because }) => because).join("")).toBe("");
    expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
  }
});

type Case = readonly [
  what: string,
  request: OperationRequest,
  seen: Seen,
  code: FailureCode,
  because: RegExp,
];

const refusals: readonly Case[] = [
  [
    "of a local database",
    switchover,
    { system: { ...orders, kind: "local" } },
    "operation.target-invalid",
    /^orders is local/,
  ],
  [
    "of a database that was not created yet",
    switchover,
    { record: blankRecord() },
    "operation.refused",
    /^orders is being created$/,
  ],
  [
    "to the primary itself",
    requestOf("switchover", east),
    {},
    "operation.target-invalid",
    /^us-east-1 is the primary of orders already$/,
  ],
  [
    "to a Region that is no member",
    requestOf("switchover", tokyo),
    {},
    "operation.target-invalid",
    /^ap-northeast-1 is not a member of orders$/,
  ],
  [
    "while the writer is not heard",
    switchover,
    { reports: { [east]: undefined } },
    "operation.refused",
    /^the writer in us-east-1 is not heard$/,
  ],
  [
    "while the writer does not serve",
    switchover,
    { reports: { [east]: writerReport(down) } },
    "operation.refused",
    /is stopped: a test$/,
  ],
  [
    "while the writer is claimed and not promoted",
    switchover,
    { record: createdRecord({ isPromoted: false }) },
    "operation.refused",
    /^the writer in us-east-1 is not promoted yet$/,
  ],
  [
    "while the target does not stream",
    switchover,
    { reports: { [west]: secondaryReport({ state: { kind: "catching-up", because: "" } }) } },
    "operation.refused",
    /^the secondary in us-west-2 is catching-up$/,
  ],
  [
    "while the target follows an older epoch",
    switchover,
    { reports: { [west]: secondaryReport({ epoch: epoch(0) }) } },
    "operation.refused",
    /^us-west-2 has not heard of epoch 1 yet$/,
  ],
  [
    "to a target that is 65 MiB behind",
    switchover,
    { reports: lagging({ lagBytes: 65 * 1024 * 1024 }) },
    "operation.refused",
    /^us-west-2 is 68157440 bytes and 0 ms behind/,
  ],
  [
    "to a target that is 11 s behind",
    switchover,
    { reports: lagging({ rpoLagMs: 11_000.4 }) },
    "operation.refused",
    /and 11000 ms behind \(at most 67108864 and 10000\)$/,
  ],
  [
    "D11: to a target that is no candidate",
    switchover,
    { record: createdRecord({ candidates: [europe] }) },
    "operation.refused",
    /^us-west-2 has not streamed in epoch 1; candidates: eu-central-1$/,
  ],
  [
    "while the evidence slots lost their WAL",
    switchover,
    { reports: { [east]: writerReport({ evidenceSlots: [lostSlot] }) } },
    "operation.refused",
    /^the evidence slot of the SQL database orders lost its WAL$/,
  ],
  [
    "O1: while another operation runs",
    switchover,
    { running },
    "operation.conflict",
    /^switchover-orders-6 runs on orders \(step hand-over\)$/,
  ],
  [
    "O1: while another operation is past its claim",
    switchover,
    { running: { ...running, phase: "claimed" } },
    "operation.conflict",
    /runs on orders/,
  ],
  [
    "O1: while another operation is not past its claim",
    failover,
    { running },
    "operation.conflict",
    /runs on orders/,
  ],
  [
    "when nobody said that data may be lost",
    requestOf("failover", west, { allowDataLoss: false }),
    {},
    "failover.data-loss-not-allowed",
    /^a failover may lose the newest transactions/,
  ],
  [
    "when somebody else was faster",
    requestOf("failover", west, { expectPrimary: europe }),
    {},
    "failover.unexpected-primary",
    /^the primary is us-east-1, not eu-central-1$/,
  ],
  [
    "D11: to a Region that is no candidate",
    failover,
    { record: createdRecord({ candidates: [europe] }) },
    "failover.no-candidate",
    /^us-west-2 has not streamed in epoch 1; candidates: eu-central-1$/,
  ],
  [
    "D11: while there is no candidate at all",
    failover,
    { record: createdRecord({ candidates: [] }) },
    "failover.not-redundant",
    /^no secondary has streamed in epoch 1 yet$/,
  ],
  [
    "to a target that is not heard",
    failover,
    { reports: { [west]: undefined } },
    "operation.refused",
    /^the secondary in us-west-2 is not heard$/,
  ],
  [
    "to a target that holds another database system",
    failover,
    { reports: { [west]: secondaryReport({ systemId: theirs }) } },
    "operation.refused",
    /^the secondary in us-west-2 holds no copy of this system$/,
  ],
  [
    "I5: to a Region whose data left the common history",
    failover,
    { record: createdRecord({ condemned: [west] }) },
    "operation.refused",
    /^what us-west-2 holds left the common history/,
  ],
  [
    "of the primary",
    requestOf("detach", east),
    {},
    "operation.target-invalid",
    /is the primary of orders already$/,
  ],
  [
    "of the primary",
    requestOf("remove", east),
    {},
    "operation.target-invalid",
    /is the primary of orders already$/,
  ],
  [
    "of a Region without a place",
    requestOf("add", tokyo),
    {},
    "operation.target-invalid",
    /^leeward.yaml gives orders no instance in ap-northeast-1$/,
  ],
  [
    "of a member",
    requestOf("add", west),
    {},
    "operation.target-invalid",
    /^us-west-2 is a member of orders already$/,
  ],
  [
    "of a Region that stands alone",
    requestOf("add", west),
    { record: createdRecord({ members: [east] }), detached: createdRecord() },
    "operation.target-invalid",
    /^us-west-2 was detached and stands alone; let it rejoin$/,
  ],
  [
    "of a Region that never left",
    requestOf("rejoin", west),
    {},
    "operation.target-invalid",
    /^us-west-2 neither left orders nor its history$/,
  ],
];

test.for(refusals.map((one) => ({ one, what: `${one[1].kind} ${one[0]}` })))(
  "it is refused: a $what",
  ({ one: [, request, seen, code, because] }) => {
    expect(refusal(request, seen)).toEqual([code, expect.stringMatching(because)]);
  },
);

test("O1: a failover may take over from an operation that is past its claim", () => {
  expect(refusal(failover, { running: { ...running, phase: "claimed" } })).toBeUndefined();
});

test("a person who vouches for the fence may promote a Region that is no candidate", () => {
  const overrideFence = "the machine is switched off";
  const seen = { record: createdRecord({ candidates: [] }) };
  expect(refusal(requestOf("failover", west, { overrideFence }), seen)).toBeUndefined();
  expect(refusal(requestOf("switchover", west, { overrideFence }), seen)?.[0]).toBe(
    "operation.refused",
  );
});

test("a failover may promote a target that lost its stream, or whose server is down", () => {
  for (const kind of ["catching-up", "stopped", "starting"] as const) {
    const report = secondaryReport({ state: { kind, because: "the writer is gone" } });
    expect(refusal(failover, { reports: { [west]: report } })).toBeUndefined();
  }
});

test("O10: a target that is not on the newest timeline, or does not say so, is refused", () => {
  const forks = [{ timeline: 2, parent: 1, lsn: 0n as Lsn }];
  const at = (timeline: number | undefined): Reported => ({
    [east]: undefined,
    [west]: secondaryReport({ ...down, position: undefined, timeline }),
  });
  const vouched = requestOf("failover", west, { overrideFence: "us-east-1 burnt down" });
  for (const isPromoted of [true, false]) {
    const record = createdRecord({ forks, isPromoted });
    const behind = { record, reports: at(1) };
    const silent = { record, reports: at(undefined) };
    for (const request of [failover, requestOf("detach", west)]) {
      const because = "us-west-2 is on timeline 1, and the writer was on 2";
      expect(refusal(request, behind)?.[1]).toBe(because);
      expect(refusal(request, { record, reports: at(2) })).toBeUndefined();
    }
    for (const request of [failover, vouched, requestOf("detach", west)]) {
      const because = "us-west-2 does not say whether it is on timeline 2, as the writer was";
      expect(refusal(request, silent)?.[1]).toBe(because);
      expect(refusal(request, { reports: at(undefined) })).toBeUndefined();
    }
    // A person may give it up in writing, when nobody who answers has anything of it.
    expect(refusal(vouched, behind)).toBeUndefined();
    const survivor = { ...at(1), [europe]: secondaryReport({ timeline: 2 }) };
    expect(refusal(vouched, { record, reports: survivor })?.[1]).toMatch(`on 2, as ${europe} is`);
  }
});

test("a failover asks nothing of the writer that is lost", () => {
  expect(refusal(failover, { reports: { [east]: undefined } })).toBeUndefined();
});

test("what left the common history may rejoin", () => {
  const state = { kind: "diverged", because: "past the fork" } as const;
  const reports = { [west]: secondaryReport({ state }) };
  expect(refusal(requestOf("rejoin", west), { reports })).toBeUndefined();
  const condemned = { record: createdRecord({ condemned: [west] }) };
  expect(refusal(requestOf("rejoin", west), condemned)).toBeUndefined();
});

test("O9: a target without room on its disk is refused, before anything begins", () => {
  const free = (bytes: number | undefined): Reported => ({
    [west]: secondaryReport({ diskFreeBytes: bytes }),
  });
  const cramped = free(64 * 1024 * 1024 - 1);
  const because =
    "us-west-2 has 67108863 bytes free on the disk of its data, and needs 67108864 to be promoted";
  for (const kind of ["switchover", "failover", "detach"] as const) {
    const request = requestOf(kind, west);
    expect(refusal(request, { reports: cramped })).toEqual(["disk.full", because]);
    expect(refusal(request, { reports: free(64 * 1024 * 1024) })).toBeUndefined();
    // Nobody has said how much there is.
    expect(refusal(request, { reports: free(undefined) })).toBeUndefined();
  }
});

test("a switchover is refused while sessions cannot be taken off the writer, unless they may end", () => {
  const seen = { pinnedSessions: 2 };
  const [code, because] = refusal(requestOf("switchover", west), seen) ?? [];
  expect(code).toBe("operation.refused");
  expect(because).toMatch(/^2 sessions are bound to the writer in us-east-1 .*\(--pins end\)$/);
  expect(refusal(requestOf("switchover", west, { pins: "end" }), seen)).toBeUndefined();
  const said = precheck(requestOf("switchover", west, { pins: "end" }), view(seen)).at(-1);
  expect(said?.because).toMatch(/and will end$/);
  expect(precheck(requestOf("switchover", west), view({})).at(-1)?.because).toBe("");
});
