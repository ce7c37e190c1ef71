/** initdb and the first SQL: a new database system, into an empty directory. */
import { chown, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Random } from "../env/env.ts";
import { Failure } from "../model/failure.ts";
import type { Secret } from "../std/secret.ts";
import { type BootstrapRole, renderBootstrap } from "./bootstrap.ts";
import { replicator, superuser } from "./configuration.ts";
import type { Installation } from "./installation.ts";
import type { CreateSpec, RoleSpec } from "./postgres.ts";
import { type ProgramEnd, runProgram } from "./program.ts";
import { runAsPrefix, type RunAs } from "./run-as.ts";
import { scramVerifier } from "./scram-verifier.ts";

export type NewClusterDoors = {
  readonly installation: Installation;
  readonly runAs: RunAs;
  readonly passwords: { readonly superuser: Secret; readonly replicator: Secret };
  readonly clock: Clock;
  readonly random: Random;
};

/** initdb takes 1 s, the first SQL 0.3 s; the rest is for a slow disk under load. */
const INITDB_TIMEOUT_MS = 120_000;

/** Fills `directory`, which is empty and belongs to the user that PostgreSQL runs as. Leaves it stopped and on disk. */
export async function fillNewCluster(
  doors: NewClusterDoors,
  directory: string,
  spec: CreateSpec,
  signal: AbortSignal,
): Promise<void> {
  const roles = bootstrapRoles(doors, spec.roles);
  await initialize(doors, directory, signal);
  const statements = renderBootstrap(roles, spec.databaseName, spec.owner);
  await runFirstSql(doors, directory, statements, signal);
}

function bootstrapRoles(
  doors: NewClusterDoors,
  roles: readonly RoleSpec[],
): readonly BootstrapRole[] {
  const own = roles.find(({ name }) => name === superuser || name === replicator);
  if (own) {
    throw new Failure("postgres.create-failed", `The role name "${own.name}" is Leeward's own`);
  }
  const replication: RoleSpec = {
    name: replicator,
    login: true,
    superuser: false,
    replication: true,
    memberOf: [],
    password: doors.passwords.replicator,
  };
  return [replication, ...roles].map((role) => ({
    ...role,
    verifier: role.password && scramVerifier(role.password, doors.random),
  }));
}

async function initialize(
  doors: NewClusterDoors,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const { installation, runAs } = doors;
  // A verifier instead of the password: the file would be harmless even if it stayed.
  const passwordFile = `${directory}.verifier`;
  await writeFile(passwordFile, scramVerifier(doors.passwords.superuser, doors.random), {
    mode: 0o600,
  });
  try {
    if (runAs.kind === "other-user") await chown(passwordFile, runAs.user.uid, runAs.user.gid);
    const command = [
      ...dyingWithUs(runAs),
      join(installation.binDirectory, "initdb"),
      `--pgdata=${directory}`,
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--data-checksums",
      "--encoding=UTF8",
      "--lc-messages=C",
      ...localeArguments(installation.major),
    ];
    const limits = { clock: doors.clock, timeoutMs: INITDB_TIMEOUT_MS };
    requireSuccess("initdb", directory, await runProgram(command, limits, signal));
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * The same order of text on every machine and in every Region, whatever its C library: 17 brought a locale of
 * PostgreSQL's own. Before it, the library's C.UTF-8 comes nearest.
 */
export function localeArguments(major: number): readonly string[] {
  if (major < 17) return ["--locale=C.UTF-8"];
  return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
}

/** A single-user backend needs no port and no password, ends with a checkpoint, and stops at the first error. */
async function runFirstSql(
  doors: NewClusterDoors,
  directory: string,
  statements: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const command = [
    ...dyingWithUs(doors.runAs),
    join(doors.installation.binDirectory, "postgres"),
    "--single",
    "-j",
    "-D",
    directory,
    "-c",
    "exit_on_error=on",
    // A statement that fails is not repeated in the message.
    "-c",
    "log_min_error_statement=panic",
    "postgres",
  ];
  // With -j a statement ends at a semicolon and an empty line.
  const input = statements.map((statement) => `${statement};\n\n`).join("");
  const limits = { clock: doors.clock, timeoutMs: INITDB_TIMEOUT_MS, input };
  requireSuccess("postgres --single", directory, await runProgram(command, limits, signal));
}

/**
 * An initdb whose agent was killed must not go on writing into what the next agent removes. Linux only. It comes
 * last, because the kernel forgets the wish when a process changes its user.
 */
function dyingWithUs(runAs: RunAs): readonly string[] {
  const prefix = runAsPrefix(runAs);
  return process.platform === "linux" ? [...prefix, "setpriv", "--pdeathsig=KILL", "--"] : prefix;
}

function requireSuccess(what: string, directory: string, end: ProgramEnd): void {
  if (end.exitCode === 0) return;
  const said = (end.stderr.trim() || end.stdout.trim()).split("\n").slice(-5).join("; ");
  throw new Failure("postgres.create-failed", `${what} in ${directory} ${end.ending}: ${said}`);
}
