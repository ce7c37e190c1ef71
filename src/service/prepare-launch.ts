/** Everything that has to be there before a replica can be started: its program, its directories, its files. */
import type { Files, Random } from "../env/env.ts";
import type { FoundProgram } from "./debian-packages.ts";
import { planLaunch, programOf, type Launch, type LaunchParts } from "./launch.ts";
import type { ProgramName } from "./program-catalog.ts";

export type LaunchDoors = {
  readonly files: Files;
  readonly random: Random;
  /** Of the kinds that Leeward starts itself. May take minutes. */
  readonly findProgram: (name: ProgramName, signal: AbortSignal) => Promise<FoundProgram>;
};

/** Erlang's cookie, 160 bits: nobody guesses it. */
const cookieBytes = 20;

/** @throws Failure `service.program-missing`, `disk.full`, `state.not-writable` */
export async function prepareLaunch(
  parts: Omit<LaunchParts, "program" | "drawHex">,
  { files: door, random, findProgram }: LaunchDoors,
  signal: AbortSignal,
): Promise<Launch> {
  const needed = programOf(parts.settings);
  const program = needed && (await findProgram(needed, signal));
  const launch = planLaunch({ ...parts, program, drawHex: () => random.hex(cookieBytes) });
  for (const directory of launch.directories) door.makeDirectory(directory, 0o700);
  for (const { path, text, mode, isKept } of launch.files) {
    if (!isKept || !door.exists(path)) door.write(path, text, mode);
  }
  return launch;
}
