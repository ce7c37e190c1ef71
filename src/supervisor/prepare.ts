/** Makes a state directory ready for a start: whose it is, its secrets, and what each program is told. */
import { planAddresses, type AddressPlan } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import {
  completeSecrets,
  formatSecrets,
  parseSecrets,
  type WorldSecrets,
} from "../config/secrets.ts";
import { stateLayout, type StateLayout } from "../config/state-directory.ts";
import {
  adoptWorldRecord,
  formatWorldRecord,
  newWorldRecord,
  parseWorldRecord,
  type WorldRecord,
} from "../config/world-record.ts";
import type { Certificates } from "../env/certificates.ts";
import type { Clock, Files, Random } from "../env/env.ts";
import { encode } from "../wire/codec.ts";
import {
  agentSettings,
  controllerSettings,
  frontSettings,
  gatewaySettings,
  networkSettings,
  type LogLevel,
} from "../wire/program-settings.ts";
import { settingsOfFront } from "./front-settings.ts";
import { settingsOfGateway } from "./gateway-settings.ts";
import {
  settingsOfAgent,
  settingsOfController,
  settingsOfNetwork,
  type WorldParts,
} from "./settings.ts";
import { keepCertificates } from "./world-certificates.ts";

export type PrepareDoors = {
  readonly files: Files;
  readonly random: Random;
  readonly clock: Clock;
  readonly certificates: Certificates;
};

export type PrepareOptions = {
  readonly config: Config;
  /** Where leeward.yaml lies. */
  readonly configDirectory: string;
  readonly stateDirectory: string;
  readonly version: string;
  readonly logLevel: LogLevel;
  readonly pgBin: string | undefined;
  readonly platform: "linux" | "other";
  /** Root runs PostgreSQL as another user, who has to pass through the state directory. */
  readonly isRoot: boolean;
  /** How this program itself is run: node and the script. */
  readonly self: readonly string[];
  /** Where programs of the machine are found, and packages kept. */
  readonly packages: WorldParts["packages"];
};

/**
 * Makes the directory, after a look whose it is; puts nothing into it.
 * @throws Failure `state.other-world`, `state.newer-version`, `state.damaged`, `state.not-writable`
 */
export function openStateDirectory(files: Files, options: PrepareOptions): StateLayout {
  const layout = stateLayout(options.stateDirectory);
  adoptedRecord(files, options.config, layout);
  files.makeDirectory(layout.root, options.isRoot ? 0o711 : 0o700);
  return layout;
}

/**
 * Says whose the directory is. For the holder of its lock: two first starts at once would each write an identity.
 * @throws Failure as `openStateDirectory`, `disk.full`
 */
export function claimStateDirectory(
  { files, random }: Pick<PrepareDoors, "files" | "random">,
  config: Config,
  layout: StateLayout,
): void {
  const record = adoptedRecord(files, config, layout) ?? newWorldRecord(config, random);
  const text = formatWorldRecord(record);
  if (files.read(layout.worldRecord) !== text) files.write(layout.worldRecord, text, 0o600);
}

/** Undefined when no world was started in it yet. */
function adoptedRecord(
  files: Files,
  config: Config,
  { worldRecord }: StateLayout,
): WorldRecord | undefined {
  const text = files.read(worldRecord);
  if (text === undefined) return undefined;
  return adoptWorldRecord(parseWorldRecord(text, worldRecord), config, worldRecord);
}

export type Prepared = { readonly plan: AddressPlan; readonly secrets: WorldSecrets };

/** Draws the secrets and makes the certificates that are missing, and writes the settings of each program. */
export async function prepareWorld(
  doors: PrepareDoors,
  options: PrepareOptions,
  layout: StateLayout,
): Promise<Prepared> {
  const { config, platform } = options;
  const plan = planAddresses(config, platform);
  makeDirectories(doors.files, options, layout);
  const secrets = keepSecrets(doors, config, layout);
  const identities = await keepCertificates(doors, { config, plan }, layout);
  const parts: WorldParts = {
    config,
    plan,
    layout,
    configDirectory: options.configDirectory,
    secrets,
    version: options.version,
    logLevel: options.logLevel,
    pgBin: options.pgBin,
    self: options.self,
    packages: options.packages,
    startedWallMs: doors.clock.wallMs(),
  };
  const write = (path: string, settings: unknown): void =>
    doors.files.write(path, JSON.stringify(settings), 0o600);
  write(layout.controllerSecrets, encode(controllerSettings, settingsOfController(parts)));
  write(layout.networkSecrets, encode(networkSettings, settingsOfNetwork(parts)));
  for (const region of config.regions) {
    write(layout.agentSecrets(region), encode(agentSettings, settingsOfAgent(parts, region)));
    const gateway = settingsOfGateway(parts, region, identities.get(region));
    write(layout.gatewaySecrets(region), encode(gatewaySettings, gateway));
  }
  for (const region of config.hasFrontDoors ? [undefined, ...config.regions] : []) {
    write(layout.frontSecrets(region), encode(frontSettings, settingsOfFront(parts, region)));
  }
  return { plan, secrets };
}

function makeDirectories(
  files: Files,
  { config, isRoot }: PrepareOptions,
  layout: StateLayout,
): void {
  for (const path of [layout.secrets, layout.controller, layout.logs]) {
    files.makeDirectory(path, 0o700);
  }
  // Passable, but not readable, for the user that PostgreSQL runs as.
  const passable = isRoot ? 0o711 : 0o700;
  for (const region of config.regions) {
    files.makeDirectory(layout.region(region), passable);
    files.makeDirectory(layout.agent(region), 0o700);
    files.makeDirectory(layout.services(region), 0o700);
  }
}

function keepSecrets(
  { files, random }: PrepareDoors,
  config: Config,
  layout: StateLayout,
): WorldSecrets {
  const text = files.read(layout.allSecrets);
  const existing = text === undefined ? undefined : parseSecrets(text, layout.allSecrets);
  const secrets = completeSecrets(existing, config, random);
  if (text !== formatSecrets(secrets)) {
    files.write(layout.allSecrets, formatSecrets(secrets), 0o600);
  }
  return secrets;
}
