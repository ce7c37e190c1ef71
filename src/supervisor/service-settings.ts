/** What the services of a Region are told: where they listen, and, in their environment, where everybody else is. Pure. */
import { regionPlan, type RegionPlan } from "../config/addresses.ts";
import type { ServiceConfig } from "../config/config.ts";
import { fillPlaceholders, type Placeholder } from "../config/placeholder.ts";
import { applicationSecret, databasePasswords } from "../config/secrets.ts";
import { formatAddress, type Address } from "../model/address.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import { assert } from "../std/assert.ts";
import { Secret } from "../std/secret.ts";
import type { ServiceSettings } from "../wire/program-settings.ts";
import type { WorldParts } from "./settings.ts";

type Variable = { readonly name: string; readonly value: string };

/** The services that run in a Region, in the order of the config. */
export function settingsOfServices(parts: WorldParts, region: RegionId): ServiceSettings[] {
  const plan = regionPlan(parts.plan, region);
  return parts.config.services
    .filter(({ regions }) => regions.includes(region))
    .map((service) => {
      const { id, kind, command, health, scaling, needs, uses, startMs, stopMs } = service;
      const placed = plan.services.find((one) => one.service === id);
      assert(placed !== undefined, "a service of this Region has an address here");
      return {
        service: id,
        kind,
        command: [...command],
        workingDirectory: parts.configDirectory,
        directory: `${parts.layout.services(region)}/${id}`,
        address: placed.address,
        replicas: [...placed.replicas],
        health,
        scaling,
        needs: needs.services.filter((need) => plan.services.some((one) => one.service === need)),
        // Of a database without a copy here nobody could say whether it is there.
        needsDatabases: needs.databases.filter((need) =>
          plan.instances.some((one) => one.database === need),
        ),
        environment: environmentOf(parts, plan, service).map(({ name, value }) => ({
          name,
          value: new Secret(value),
        })),
        pgpass: [...needs.databases, ...uses.databases].flatMap((database) =>
          pgpassOf(parts, database),
        ),
        startMs,
        stopMs,
      };
    });
}

/** Later ones go before earlier ones: what the user says goes before everything. */
function environmentOf(
  parts: WorldParts,
  plan: RegionPlan,
  { needs, uses, environment }: ServiceConfig,
): readonly Variable[] {
  const { region } = plan;
  const databases = [...needs.databases, ...uses.databases];
  const services = [...needs.services, ...uses.services];
  const own: readonly Variable[] = [
    { name: "LEEWARD_WORLD", value: parts.config.name },
    { name: "LEEWARD_REGION", value: region },
    { name: "LEEWARD_GATEWAY", value: formatAddress(plan.gateway) },
    { name: "LEEWARD_PEERS", value: peersOf(plan) },
    ...(plan.pgbouncer
      ? [{ name: "LEEWARD_PGBOUNCER", value: formatAddress(plan.pgbouncer) }]
      : []),
    ...databases.map((database) => databaseUrl(parts, plan, database)),
    ...databases.flatMap((database) => databasePeers(parts, plan, database)),
    ...services.flatMap((service) => serviceUrl(parts, plan, service)),
  ];
  const said = environment.map(({ name, value }) => ({
    name,
    value: fillIn(value, parts, region),
  }));
  return [...own.filter((one) => !said.some(({ name }) => name === one.name)), ...said];
}

/** The other Regions' entries, as programs here reach them. */
function peersOf({ seen }: RegionPlan): string {
  return seen
    .flatMap(({ region, edge }) => (edge ? [`${region}=${formatAddress(edge)}`] : []))
    .join(",");
}

function variable(name: string, ending: "URL" | "PEERS"): string {
  return `${name.toUpperCase().replaceAll("-", "_")}_${ending}`;
}

function databaseUrl(parts: WorldParts, plan: RegionPlan, database: DatabaseId): Variable {
  return {
    name: variable(database, "URL"),
    value: urlOf(parts, plan.gateway, database),
  };
}

/** Without the password: that is in the PGPASSFILE, which `ps` does not show. */
function urlOf(parts: WorldParts, address: Address, database: DatabaseId): string {
  const role = roleOf(parts, database);
  const user = role === undefined ? "" : `${encodeURIComponent(role)}@`;
  return `postgres://${user}${formatAddress(address)}/${database}`;
}

/**
 * The same local database in the other Regions, as programs here reach it over the links, past the gateways: for those
 * that exchange what is written in each of them. Empty where no other Region has it.
 */
function databasePeers(
  parts: WorldParts,
  { seen }: RegionPlan,
  database: DatabaseId,
): readonly Variable[] {
  const found = parts.config.databases.find(({ id }) => id === database);
  if (found?.placement.kind !== "local") return [];
  const peers = seen.flatMap(({ region, instances }) => {
    const first = instances.find((one) => one.database === database && one.number === 1);
    return first ? [`${region}=${urlOf(parts, first.address, database)}`] : [];
  });
  return [{ name: variable(database, "PEERS"), value: peers.join(",") }];
}

const schemes = { redis: "redis", rabbitmq: "amqp", http: "http", tcp: "tcp" } as const;

function serviceUrl(
  { config }: WorldParts,
  plan: RegionPlan,
  service: ServiceId,
): readonly Variable[] {
  const placed = plan.services.find((one) => one.service === service);
  const needed = config.services.find(({ id }) => id === service);
  if (!placed || !needed) return [];
  const scheme = schemes[needed.kind === "command" ? needed.protocol : needed.kind];
  return [
    { name: variable(service, "URL"), value: `${scheme}://${formatAddress(placed.address)}` },
  ];
}

/** Who a service is to a database: its owner, else the first that may log in. */
function roleOf({ config }: WorldParts, database: DatabaseId): string | undefined {
  const found = config.databases.find(({ id }) => id === database);
  const mayLogIn = found?.roles.filter(({ login }) => login).map(({ name }) => name) ?? [];
  return mayLogIn.find((name) => name === found?.owner) ?? mayLogIn[0];
}

/** For every name that the database can be called by, at the gateway and at PgBouncer. */
function pgpassOf({ config, secrets }: WorldParts, database: DatabaseId): Secret[] {
  const names = [...config.gateway.names, ...(config.pgbouncer?.names ?? [])]
    .filter((name) => name.database === database)
    .map(({ name }) => name);
  const { roles } = databasePasswords(secrets, database);
  return [...new Set(names)].flatMap((name) =>
    Object.entries(roles).map(
      ([role, password]) =>
        new Secret(["*", "*", name, role, password.reveal()].map(escapePgpass).join(":")),
    ),
  );
}

function escapePgpass(field: string): string {
  return field.replaceAll(/[\\:]/g, (character) => `\\${character}`);
}

/** What is the same for every replica; the rest is filled in where a replica is started. */
function fillIn(value: string, parts: WorldParts, region: RegionId): string {
  return fillPlaceholders(value, (placeholder) => textOf(placeholder, parts, region));
}

/** Undefined: it differs between replicas. */
function textOf(
  meaning: Placeholder,
  { secrets }: WorldParts,
  region: RegionId,
): string | undefined {
  switch (meaning.kind) {
    case "place":
      return meaning.name === "region" ? region : undefined;
    case "secret":
      return applicationSecret(secrets, meaning.name).reveal();
    case "password": {
      const { roles } = databasePasswords(secrets, meaning.database as DatabaseId);
      const password = roles[meaning.role];
      assert(password !== undefined, "a role whose password is asked for was checked to be there");
      return password.reveal();
    }
  }
}
