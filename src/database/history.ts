/** Which changes of an instance's state people want to hear of, and in which words. Pure. */
import type { NewEvent } from "../model/event.ts";
import type { InstanceReport, InstanceState } from "../model/instance.ts";
import { formatInstance, type InstanceId } from "../model/region.ts";

/** The event of a change, or undefined when nothing worth telling changed (or the first report after a start). */
export function stateChange(
  id: InstanceId,
  before: InstanceReport | undefined,
  after: InstanceReport,
): NewEvent | undefined {
  if (before === undefined || before.state.kind === after.state.kind) return undefined;
  return {
    kind: `instance.${after.state.kind}`,
    message: `Instance ${formatInstance(id)} ${describe(after)}.`,
    region: id.region,
    database: id.database,
    details: {
      number: id.number,
      role: after.role ?? null,
      before: before.state.kind,
      because: "because" in after.state ? after.state.because : null,
    },
  };
}

function describe({ state, role }: InstanceReport): string {
  const words: Record<InstanceState["kind"], string> = {
    absent: "has no data",
    creating: "is being created",
    cloning: "is being cloned from the writer",
    stopped: "stopped",
    starting: "is starting",
    serving: role === "primary" ? "serves as the writer" : "streams from its upstream",
    "catching-up": "is catching up",
    fenced: "is fenced",
    promoting: "is being promoted",
    diverged: "left the history of the others",
    failed: "failed",
  };
  const because = "because" in state && state.because !== "" ? `: ${state.because}` : "";
  return `${words[state.kind]}${because}`;
}
