/** Operations and evidence as the API shows them. Pure. */
import type {
  ApiEstimatedLoss,
  ApiOperation,
  ApiOperationPreview,
  ApiSnapshot,
} from "../api/operations-api.ts";
import type { KeptEvidence } from "../database/evidence-desk.ts";
import { formatLsn } from "../model/lsn.ts";
import type { EstimatedLoss, Operation, OperationPreview } from "../model/operation.ts";
import { formatInstant } from "../std/instant.ts";

export function operationView(operation: Operation): ApiOperation {
  const { id, kind, database, from, to, requestedBy, epoch, phase, step, outcome } = operation;
  return {
    id,
    kind,
    database,
    from,
    to,
    requestedBy,
    epoch,
    startedAt: formatInstant(operation.startedWallMs),
    phase,
    step,
    steps: operation.steps.map(({ name, startedWallMs, ms, because }) => ({
      name,
      startedAt: formatInstant(startedWallMs),
      ms: ms === undefined ? null : Math.round(ms),
      because,
    })),
    outcome,
    because: operation.because,
    isCancelled: operation.isCancelled,
    overrideFence: operation.overrideFence ?? null,
    pins: operation.pins,
    estimatedLoss: lossView(operation.estimatedLoss),
    writePauseMs: operation.writePauseMs === undefined ? null : Math.round(operation.writePauseMs),
    forkLsn: operation.fork ? formatLsn(operation.fork.lsn) : null,
  };
}

export function lossView(loss: EstimatedLoss | undefined): ApiEstimatedLoss | null {
  if (!loss) return null;
  const { transactions, bytes, ms, isExact, sampleAgeMs } = loss;
  return {
    transactions,
    bytes,
    ms: Math.round(ms),
    isExact,
    sampleAgeMs: Math.round(sampleAgeMs),
  };
}

export function previewView(preview: OperationPreview): ApiOperationPreview {
  const { database, kind, from, to, epoch, checks, estimatedLoss, fence, steps } = preview;
  return {
    database,
    kind,
    from,
    to,
    epoch,
    isPossible: checks.every(({ isPassed }) => isPassed),
    checks: checks.map((check) => ({ ...check })),
    estimatedLoss: lossView(estimatedLoss),
    fence: fence ?? null,
    steps: [...steps],
  };
}

export function snapshotView({ item, region, reportAgeMs }: KeptEvidence): ApiSnapshot {
  const { name, database, number, bytes, path, systemId, timeline, epoch, because } = item;
  return {
    name,
    database,
    region,
    number,
    at: formatInstant(item.atWallMs),
    bytes,
    path,
    systemId,
    timeline,
    forkLsn: item.forkLsn === undefined ? null : formatLsn(item.forkLsn),
    epoch,
    because,
    reportAgeMs: Math.round(reportAgeMs),
  };
}
