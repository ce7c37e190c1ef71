/** Programs of the machine that a Region's services are made of: where they are, and as whom they run. */
import type { Clock, Log, Random } from "../env/env.ts";
import type { PoolerDoors } from "../pooler/pooler.ts";
import { observeProgram } from "../postgres/observe-run-as.ts";
import { decideRunAs, runAsPrefix } from "../postgres/run-as.ts";
import { findProgram, type FoundProgram } from "../service/debian-packages.ts";
import type { ProgramName } from "../service/program-catalog.ts";
import type { AgentSettings } from "../wire/program-settings.ts";

export type MachinePrograms = {
  /** @throws Failure `service.program-missing` */
  readonly findProgram: (name: ProgramName, signal: AbortSignal) => Promise<FoundProgram>;
  /** Where root would run it, it runs as PostgreSQL does: as `nobody`, or as nobody that matters. */
  readonly unprivileged: PoolerDoors["unprivileged"];
};

export function machinePrograms(
  doors: { readonly clock: Clock; readonly log: Log; readonly random: Random },
  packages: AgentSettings["packages"],
): MachinePrograms {
  return {
    findProgram: (name, signal) => findProgram(name, { ...doors, ...packages }, signal),
    unprivileged: async (program, directory, signal) => {
      const runAs = decideRunAs(await observeProgram(program, directory, doors.clock, signal));
      const owner = runAs.kind === "other-user" ? runAs.user : undefined;
      return { prefix: runAsPrefix(runAs), owner };
    },
  };
}
