/** Programs of the machine that a world's own kinds of services are made of, had before it starts. */
import type { Config } from "../config/config.ts";
import { describeError, Failure } from "../model/failure.ts";
import { findProgram, type PackageDoors } from "../service/debian-packages.ts";
import { programOf } from "../service/launch.ts";
import type { ProgramName } from "../service/program-catalog.ts";

/** Each once, in the order of the config. */
export function neededPrograms({ services, pgbouncer }: Config): readonly ProgramName[] {
  const kinds = services.flatMap((service) => programOf(service) ?? []);
  const pooler: readonly ProgramName[] = pgbouncer && !pgbouncer.bin ? ["pgbouncer"] : [];
  return [...new Set([...kinds, ...pooler])];
}

/**
 * Finds them, or downloads their packages; the world starts without those that cannot be had.
 * @returns one sentence for each of those, with what to do
 */
export async function haveNeededPrograms(
  config: Config,
  doors: PackageDoors,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const name of neededPrograms(config)) {
    try {
      await findProgram(name, doors, signal);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      missing.push(`${describeError(error)}; what needs it starts when it is there.`);
    }
  }
  return missing;
}
