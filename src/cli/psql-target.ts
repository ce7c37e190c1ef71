/** Whom `leeward psql` speaks to, and as whom. Pure. */
import type { ApiDatabase, ApiInstance, ApiStatus } from "../api/api.ts";
import type { WorldSecrets } from "../config/secrets.ts";
import { Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";
import type { Secret } from "../std/secret.ts";
import type { Address } from "../model/address.ts";
import { knownDatabase, knownRegion, unknown } from "./context.ts";

/** The superuser of every database system; whoever may read the state directory is its owner. */
export const superuser = "leeward";

export type Place = { readonly region: string; readonly instance: ApiInstance };

/**
 * Without a Region, the writer's; in it, the first instance that answers.
 * @throws Failure `database.unknown`, `region.unknown`, `usage.invalid`, `network.unreachable` when there is no writer
 */
export function choosePlace(status: ApiStatus, name: string, region: string | undefined): Place {
  const database = status.databases[knownDatabase(status, name)];
  assert(database !== undefined, "the database is known");
  const chosen = region ?? writerRegion(name, database);
  const instances = database.members[knownRegion(status, chosen)]?.instances ?? [];
  const instance = instances.find(({ state }) => answering.has(state)) ?? instances[0];
  if (instance) return { region: chosen, instance };
  const regions = Object.keys(database.members).join(", ");
  throw new Failure("region.unknown", `${name} has no instance in ${chosen}; it is in ${regions}`);
}

const answering: ReadonlySet<string> = new Set(["serving", "catching-up", "fenced"]);

function writerRegion(name: string, { kind, writer, primary, members }: ApiDatabase): string {
  const region = writer?.region ?? primary;
  if (region !== null) return region;
  if (kind === "global") throw new Failure("network.unreachable", `${name} has no writer now`);
  const regions = Object.keys(members).join(", ");
  const message = `${name} is local: each Region has its own. Say which with --region (${regions})`;
  throw new Failure("usage.invalid", message);
}

export type Door = { readonly address: Address; readonly needsTls: boolean };

/** The gateway of the Region, or the instance itself. */
export function chooseDoor(
  status: ApiStatus,
  { region, instance }: Place,
  isDirect: boolean,
): Door {
  const gateway = status.regions[region]?.gateway;
  assert(gateway !== undefined, "a database has its members in Regions of the world");
  const { address: host, port } = isDirect ? instance : gateway;
  return { address: { host, port }, needsTls: !isDirect && gateway.tls === "required" };
}

/** @throws Failure `usage.invalid` for a role that has no password in the state directory */
export function choosePassword(secrets: WorldSecrets, database: string, role: string): Secret {
  const password = passwordOf(secrets, database, role);
  if (password !== undefined) return password;
  throw new Failure("usage.invalid", unknown("role", role, Object.keys(known(secrets, database))));
}

export function passwordOf(
  secrets: WorldSecrets,
  database: string,
  role: string,
): Secret | undefined {
  const passwords = known(secrets, database);
  return Object.hasOwn(passwords, role) ? passwords[role] : undefined;
}

function known(
  { databases }: WorldSecrets,
  database: string,
): Readonly<Record<string, Secret | undefined>> {
  const passwords = Object.hasOwn(databases, database) ? databases[database] : undefined;
  return { [superuser]: passwords?.superuser, ...passwords?.roles };
}
