import { expect, test } from "vitest";
import { anOperation } from "../../test/operation.ts";
import { operation as operationSchema } from "../api/operations-api.ts";
import { parseLsn, type Lsn } from "../model/lsn.ts";
import { operationView, previewView } from "./operation-view.ts";

test("an operation is shown as the contract has it, with null for what is not there", () => {
  const view = operationView(anOperation());
  expect(operationSchema.parse(view)).toEqual(view);
  expect(view).toMatchObject({
    startedAt: "1970-01-01T00:00:00.000Z",
    steps: [{ name: "catch-up", ms: null }],
    writePauseMs: null,
    estimatedLoss: null,
    forkLsn: null,
    overrideFence: null,
    pins: "refuse",
  });
});

test("times are whole ms, and the fork is a position in the WAL", () => {
  const lsn = parseLsn("0/3000148") as Lsn;
  const view = operationView(
    anOperation({
      fork: { timeline: 2, parent: 1, lsn },
      writePauseMs: 411.6,
      estimatedLoss: { transactions: 3, bytes: 9, ms: 40.4, isExact: false, sampleAgeMs: 0.7 },
    }),
  );
  expect(view).toMatchObject({
    forkLsn: "0/3000148",
    writePauseMs: 412,
    estimatedLoss: { transactions: 3, ms: 40, sampleAgeMs: 1, isExact: false },
  });
});

test("an operation is possible only when every check passes", () => {
  const { database, kind, from, to, epoch } = anOperation();
  const preview = {
    database,
    kind,
    from,
    to,
    epoch,
    checks: [{ name: "one", isPassed: true, because: "" }],
    estimatedLoss: undefined,
    fence: undefined,
    steps: ["claim"],
  };
  expect(previewView(preview)).toMatchObject({ isPossible: true, fence: null });
  const failed = { name: "two", isPassed: false, because: "it is far" };
  expect(previewView({ ...preview, checks: [...preview.checks, failed] }).isPossible).toBe(false);
});
