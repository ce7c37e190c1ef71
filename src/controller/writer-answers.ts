/** Whether what an instance said last says anything about now. Pure. */
import type { SystemSnapshot } from "../database/system-snapshot.ts";

/** A report that is older says nothing about now: agents report each second. In ms. */
export const reportAgeMsMax = 3_000;

type Instance = SystemSnapshot["instances"][number];

/** It was heard a moment ago, whatever it said. */
export function isAnswering({ reportAgeMs }: Pick<Instance, "reportAgeMs">): boolean {
  return (reportAgeMs ?? Infinity) <= reportAgeMsMax;
}

/** Then nothing has to be lost to move it. */
export function writerAnswers(instances: SystemSnapshot["instances"]): boolean {
  const writer = instances.find(({ isWriter }) => isWriter);
  return writer?.report?.state.kind === "serving" && isAnswering(writer);
}
