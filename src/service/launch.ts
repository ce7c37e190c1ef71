/** What a replica is started with: words, environment, files. Pure; `Secret` values are opened here and nowhere else. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Address } from "../model/address.ts";
import { assert } from "../std/assert.ts";
import type { ServiceSettings } from "../wire/program-settings.ts";
import type { FoundProgram } from "./debian-packages.ts";
import { markName } from "./process-table.ts";
import type { ProgramName, Variable } from "./program-catalog.ts";
import { rabbitmqFiles, rabbitmqProgram } from "./rabbitmq.ts";
import { redisFiles, redisProgram } from "./redis.ts";

export type LaunchFile = {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** One that is there stays as it is. */
  readonly isKept: boolean;
};

export type Launch = {
  readonly command: readonly string[];
  readonly workingDirectory: string;
  /** All of it: nothing else is inherited. */
  readonly environment: readonly Variable[];
  /** Made first, with mode 0700. */
  readonly directories: readonly string[];
  readonly files: readonly LaunchFile[];
};

export type LaunchParts = {
  readonly settings: ServiceSettings;
  readonly number: number;
  /** Tells everything that this start brings forth from all else. */
  readonly mark: string;
  /** Of our own environment: PATH and the like. */
  readonly inherited: readonly Variable[];
  /** Of a kind that Leeward starts itself. */
  readonly program: FoundProgram | undefined;
  /** Fit for a secret. */
  readonly drawHex: () => string;
};

/** What Leeward starts itself; undefined: the user's own command. */
export function programOf({ kind }: Pick<ServiceSettings, "kind">): ProgramName | undefined {
  switch (kind) {
    case "command":
      return undefined;
    case "redis":
      return "redis-server";
    case "rabbitmq":
      return "rabbitmq-server";
  }
}

export function addressOf({ replicas }: ServiceSettings, number: number): Address {
  const address = replicas[number - 1];
  assert(address !== undefined, `replica ${number} has an address`);
  return address;
}

export function planLaunch(parts: LaunchParts): Launch {
  const { settings, mark, inherited, number } = parts;
  const own = ownPart(parts);
  const passwords = passwordFile(settings);
  const filledIn = fillIn(settings, number);
  const environment = [
    ...inherited,
    ...filledIn,
    ...own.environment,
    ...(passwords ? [{ name: "PGPASSFILE", value: passwords.path }] : []),
    { name: markName, value: mark },
  ];
  return {
    command: own.command,
    workingDirectory: own.workingDirectory,
    environment: [...new Map(environment.map((one) => [one.name, one])).values()],
    directories: [settings.directory, ...own.directories],
    files: [...own.files, ...(passwords ? [passwords] : [])],
  };
}

type OwnPart = Launch;

function ownPart({ settings, number, program, drawHex }: LaunchParts): OwnPart {
  const { kind, command, workingDirectory, directory } = settings;
  const address = addressOf(settings, number);
  if (kind === "command") {
    const { host, port } = address;
    const environment = [
      { name: "HOST", value: host },
      { name: "PORT", value: `${port}` },
      { name: "LEEWARD_REPLICA", value: `${number}` },
    ];
    return { command, workingDirectory, environment, directories: [], files: [] };
  }
  assert(program !== undefined, `a ${kind} is started with a program that was found`);
  const own =
    kind === "redis"
      ? { ...redisProgram(directory, program.path), files: redisFiles(directory, address) }
      : {
          ...rabbitmqProgram(directory, address, program.path),
          files: rabbitmqFiles(directory, address, drawHex()),
        };
  return {
    ...own,
    workingDirectory: directory,
    environment: [...program.environment, ...own.environment],
  };
}

/** The user's environment with what is different for each replica. */
function fillIn(settings: ServiceSettings, number: number): readonly Variable[] {
  const { host, port } = addressOf(settings, number);
  return settings.environment.map(({ name, value }) => ({
    name,
    value: value
      .reveal()
      .replaceAll("${replica}", `${number}`)
      .replaceAll("${host}", host)
      .replaceAll("${port}", `${port}`),
  }));
}

function passwordFile({ directory, pgpass }: ServiceSettings): LaunchFile | undefined {
  if (pgpass.length === 0) return undefined;
  const text = pgpass.map((line) => `${line.reveal()}\n`).join("");
  return { path: join(directory, "pgpass"), text, mode: 0o600, isKept: false };
}

/** Raised when the same settings lead to another start than before. */
const launchVersion = 1;

/** Two starts with the same one are the same but for their marks. Says nothing of the secrets in it. */
export function fingerprintOf(
  settings: ServiceSettings,
  number: number,
  inherited: readonly Variable[],
): string {
  const { kind, command, workingDirectory, directory, pgpass } = settings;
  const parts = [
    [launchVersion, kind, command, workingDirectory, directory, addressOf(settings, number)],
    fillIn(settings, number),
    pgpass.map((line) => line.reveal()),
    inherited,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
