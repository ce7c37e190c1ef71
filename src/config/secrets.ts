/**
 * Tokens and passwords of a world. They are drawn once and never change; what the config names later is
 * added. Each program is given its own part, so that a stolen agent's file opens no other Region's door.
 */
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import { Secret } from "../std/secret.ts";
import type { Config, DatabaseConfig } from "./config.ts";
import { placeholdersIn } from "./placeholder.ts";

/** 256 bits: cannot be guessed, even where nobody counts the attempts. */
const tokenBytes = 32;

/** 192 bits; SCRAM makes each attempt costly on top. */
const passwordBytes = 24;

const secret = z.codec(z.string().min(1), z.instanceof(Secret), {
  decode: (text) => new Secret(text),
  encode: (value) => value.reveal(),
});

const databaseSecrets = z.object({
  superuser: secret,
  replicator: secret,
  roles: z.record(z.string(), secret),
});

const worldSecrets = z.object({
  version: z.literal(1),
  /** For people and for the commands: everything that the API can do. */
  apiToken: secret,
  /** For the supervisor and the controller: changing links. */
  networkToken: secret,
  /** By Region: who an agent is, for the controller. */
  agentTokens: z.record(z.string(), secret),
  /** By the Region that asks, then the Region that is asked: who an agent is, for that one other agent. */
  peerTokens: z.record(z.string(), z.record(z.string(), secret)).prefault({}),
  /** By Region: who its gateway is, for its agent. */
  gatewayTokens: z.record(z.string(), secret).prefault({}),
  /** By Region: who its front door is, for its agent. */
  frontTokens: z.record(z.string(), secret).prefault({}),
  /** Who the front door outside is, for the controller. Undefined in a state of before there was one. */
  entryToken: secret.optional(),
  /** By Region: Leeward's own user on the console of its PgBouncer. */
  poolerPasswords: z.record(z.string(), secret).prefault({}),
  /** By name: the application's own, which `${secret:NAME}` stands for. */
  applicationSecrets: z.record(z.string(), secret).prefault({}),
  databases: z.record(z.string(), databaseSecrets),
});

export type WorldSecrets = z.output<typeof worldSecrets>;
export type DatabaseSecrets = z.output<typeof databaseSecrets>;

/** What is missing is drawn; what is there stays, also when the config no longer names it. */
export function completeSecrets(
  existing: WorldSecrets | undefined,
  config: Config,
  random: { hex(bytes: number): string },
): WorldSecrets {
  const draw = (bytes: number): Secret => new Secret(random.hex(bytes));
  const ofEachRegion = (drawn: WorldSecrets["agentTokens"] = {}): WorldSecrets["agentTokens"] => ({
    ...drawn,
    ...Object.fromEntries(
      config.regions.map((region) => [region, own(drawn, region) ?? draw(tokenBytes)]),
    ),
  });
  const peerTokens = completePeers(existing?.peerTokens, config.regions, () => draw(tokenBytes));
  const databases = { ...existing?.databases };
  for (const database of config.databases) {
    databases[database.id] = completeDatabase(own(databases, database.id), database, () =>
      draw(passwordBytes),
    );
  }
  const { apiToken, networkToken, entryToken, ...ofRegions } =
    existing ?? ({} as Partial<WorldSecrets>);
  return {
    version: 1,
    apiToken: apiToken ?? draw(tokenBytes),
    networkToken: networkToken ?? draw(tokenBytes),
    agentTokens: ofEachRegion(ofRegions.agentTokens),
    peerTokens,
    gatewayTokens: ofEachRegion(ofRegions.gatewayTokens),
    frontTokens: ofEachRegion(ofRegions.frontTokens),
    entryToken: entryToken ?? draw(tokenBytes),
    poolerPasswords: ofEachRegion(ofRegions.poolerPasswords),
    applicationSecrets: completeApplication(existing?.applicationSecrets, config, () =>
      draw(tokenBytes),
    ),
    databases,
  };
}

/** One for each name that some service asks for; which one asks makes no difference. */
function completeApplication(
  existing: WorldSecrets["applicationSecrets"] = {},
  { services }: Config,
  draw: () => Secret,
): WorldSecrets["applicationSecrets"] {
  const drawn = { ...existing };
  const values = services.flatMap(({ environment }) => environment.map(({ value }) => value));
  for (const { meaning } of values.flatMap(placeholdersIn)) {
    if (meaning?.kind === "secret") drawn[meaning.name] = own(drawn, meaning.name) ?? draw();
  }
  return drawn;
}

/** One for each ordered pair: who steals what one agent presents can ask no third one. */
function completePeers(
  existing: WorldSecrets["peerTokens"] = {},
  regions: readonly RegionId[],
  draw: () => Secret,
): WorldSecrets["peerTokens"] {
  const tokens = { ...existing };
  for (const from of regions) {
    const ofOne = { ...own(tokens, from) };
    for (const to of regions) {
      if (to !== from) ofOne[to] = own(ofOne, to) ?? draw();
    }
    tokens[from] = ofOne;
  }
  return tokens;
}

function completeDatabase(
  existing: DatabaseSecrets | undefined,
  database: DatabaseConfig,
  draw: () => Secret,
): DatabaseSecrets {
  const roles = { ...existing?.roles };
  for (const { name } of database.roles) roles[name] = own(roles, name) ?? draw();
  return {
    superuser: existing?.superuser ?? draw(),
    replicator: existing?.replicator ?? draw(),
    roles,
  };
}

/** A Region may be called `constructor`, which every object has without having been given one. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** In clear: for a file with mode 0600, and for nothing else. */
export function formatSecrets(secrets: WorldSecrets): string {
  return `${JSON.stringify(z.encode(worldSecrets, secrets), undefined, 2)}\n`;
}

/**
 * @param path where the text comes from; the message names it and never what it holds.
 * @throws Failure `state.damaged`
 */
export function parseSecrets(text: string, path: string): WorldSecrets {
  const parsed = z.safeDecode(worldSecrets, jsonOf(text, path) as z.input<typeof worldSecrets>);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path: field }) => field.join(".") || "all of it");
  throw new Failure(
    "state.damaged",
    `${path} does not hold what it should; wrong: ${fields.join(", ")}`,
  );
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message repeats the text that it could not read.
    throw new Failure("state.damaged", `${path} is not JSON`);
  }
}

/** Of a Region that the secrets were completed for. */
export function agentToken(secrets: WorldSecrets, region: RegionId): Secret {
  return known(own(secrets.agentTokens, region), `the agent of ${region}`);
}

/** What the gateway of a Region presents to its agent; of a Region that the secrets were completed for. */
export function gatewayToken(secrets: WorldSecrets, region: RegionId): Secret {
  return known(own(secrets.gatewayTokens, region), `the gateway of ${region}`);
}

/** What the front door of a Region presents to its agent; undefined: what the one outside presents to the controller. */
export function frontToken(secrets: WorldSecrets, region: RegionId | undefined): Secret {
  if (region === undefined) return known(secrets.entryToken, "the front door outside");
  return known(own(secrets.frontTokens, region), `the front door of ${region}`);
}

/** Leeward's own user on the console of a Region's PgBouncer. */
export function poolerPassword(secrets: WorldSecrets, region: RegionId): Secret {
  return known(own(secrets.poolerPasswords, region), `the PgBouncer of ${region}`);
}

/** What the agent of `from` presents to the agent of `to`; two Regions that the secrets were completed for. */
export function peerToken(secrets: WorldSecrets, from: RegionId, to: RegionId): Secret {
  const ofOne = own(secrets.peerTokens, from);
  return known(ofOne && own(ofOne, to), `the agent of ${from} at the agent of ${to}`);
}

/** One that the config they were completed for asks for. */
export function applicationSecret(secrets: WorldSecrets, name: string): Secret {
  return known(own(secrets.applicationSecrets, name), `\${secret:${name}}`);
}

/** Of a database that the secrets were completed for. */
export function databasePasswords(secrets: WorldSecrets, database: DatabaseId): DatabaseSecrets {
  return known(own(secrets.databases, database), `the database ${database}`);
}

function known<T>(value: T | undefined, owner: string): T {
  if (value !== undefined) return value;
  throw new Failure("state.damaged", `The state directory holds no secret for ${owner}`);
}
