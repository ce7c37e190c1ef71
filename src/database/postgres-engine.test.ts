import {
  createdRecord,
  east,
  europe,
  lsn,
  operationOf,
  ours,
  position,
  secondaryReport,
  west,
  writerReport,
} from "../../test/database-fixtures.ts";
import { came, viewOf, type Shown } from "../../test/operation-views.ts";
import { registerEngineContract } from "../engine/engine-contract.ts";
import { formatInstance } from "../model/region.ts";
import { postgresEngine } from "./postgres-engine.ts";

const reports = {
  [east]: writerReport(),
  [west]: secondaryReport(),
  [europe]: secondaryReport({ position: position(1, 5_000) }),
};
const names = [
  "checkpoint",
  "await-handover",
  "hand-over",
  "fence",
  "seal",
  "catch-up",
  "promote",
  "set-aside",
  "discard",
];
const everywhere = (outcome: "running" | "done" | "failed"): Shown["progress"] =>
  Object.assign(
    {},
    ...names.flatMap((step) => [east, west].map((region) => came(region, step, outcome))),
  ) as Shown["progress"];
const results: Shown["progress"] = {
  ...everywhere("done"),
  ...came(east, "hand-over", "done", {
    kind: "token",
    systemId: ours,
    timeline: 1,
    lsn: lsn(2_000),
  }),
  ...came(west, "await-handover", "done", {
    kind: "position",
    timeline: 1,
    replayedLsn: lsn(2_001),
  }),
  ...came(west, "promote", "done", {
    kind: "promoted",
    fork: { timeline: 2, parent: 1, lsn: lsn(2_100) },
    writePauseMs: undefined,
  }),
};

/** Nobody says anything; everybody reports; and each thing that commands may have come to. */
const shown: readonly Shown[] = [
  {},
  { leaseLeftMs: 2_000, reports },
  { reports, progress: results },
  ...(["running", "done", "failed"] as const).flatMap((outcome) => {
    const progress = everywhere(outcome) ?? {};
    return [
      { reports, progress },
      { progress, record: createdRecord({ members: [] }) },
    ];
  }),
];

registerEngineContract({
  engine: postgresEngine,
  views: (kind, at) => shown.map((one) => viewOf(operationOf(kind, at), one)),
  nameOf: ({ instance, step }) => `${step}/${formatInstance(instance)}`,
});
