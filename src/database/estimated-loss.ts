/** What a failover to a Region would lose now. Pure: from what the writer's agent said last. */
import type { EstimatedLoss } from "../model/operation.ts";
import type { RegionId } from "../model/region.ts";
import type { ReportedInstance } from "./reports.ts";

/** Undefined when the writer never told this controller, or has never measured that Region. */
export function estimateLoss(
  writer: ReportedInstance | undefined,
  to: RegionId,
): EstimatedLoss | undefined {
  const lag = writer?.report.lags.find(({ region, number }) => region === to && number === 1);
  if (!writer || !lag?.loss) return undefined;
  return {
    ...lag.loss,
    ms: Math.round(lag.rpoLagMs ?? 0),
    sampleAgeMs: Math.round(writer.ageMs),
  };
}
