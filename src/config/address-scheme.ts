/**
 * The two ways to give every listener a place of its own. W is the world, N and M are Regions (from 1), K
 * counts the instances of a Region (from 1).
 *
 *   loopback-block (Linux, where all of 127.0.0.0/8 is local)      shared (elsewhere)
 *   outside   127.W.0.1    entry :8080, distribution :8081,          everything on 127.0.0.1, each on the
 *                          DNS :5300, API :7400, control :7401       next port from a base on, in the
 *   Region N  127.W.N.1    gateway :6432, edge :8080, DNS :5300,     order in which the plan asks
 *                          services at ports of their own
 *             127.W.N.2    agent :7402, its health :8008, its desks
 *                          for the gateway :7403, the front door :7404
 *             127.W.N.3    PgBouncer :6432
 *             127.W.N.4    replica R of service S :20000+100·S+R
 *             127.W.N.10+K instance K :5432
 *             127.W.N.100  the controller as N sees it :7401
 *             127.W.N.100+M  Region M as N sees it: instance K :5431+K, gateway :6432, edge :8080, agent :7402
 */
import type { Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type { Config } from "./config.ts";

export type SchemeName = "loopback-block" | "shared";

export type AddressScheme = {
  readonly name: SchemeName;
  readonly api: () => Address;
  readonly control: () => Address;
  readonly entry: () => Address;
  readonly distribution: () => Address;
  /** Where names are answered; undefined: from the outside. */
  readonly dns: (region: number | undefined) => Address;
  readonly gateway: (region: number) => Address;
  readonly edge: (region: number) => Address;
  readonly agent: (region: number) => Address;
  /** Where the agent answers its own gateway. */
  readonly gatewayDesk: (region: number) => Address;
  /** Where the agent answers its own front door. */
  readonly frontDesk: (region: number) => Address;
  readonly pgbouncer: (region: number) => Address;
  /** Where the programs of a Region find one of its services. */
  readonly service: (region: number, port: number) => Address;
  /** Where one process of the `service`-th service (from 0) listens. */
  readonly replica: (region: number, service: number, replica: number) => Address;
  readonly rest: (region: number) => Address;
  readonly instance: (region: number, k: number) => Address;
  readonly controllerSeenFrom: (region: number) => Address;
  readonly agentSeenFrom: (region: number, other: number) => Address;
  readonly gatewaySeenFrom: (region: number, other: number) => Address;
  readonly edgeSeenFrom: (region: number, other: number) => Address;
  readonly instanceSeenFrom: (region: number, other: number, k: number) => Address;
  /** Where Region `client` appears to be, seen from `region` (0: the outside); undefined: anywhere. */
  readonly sourceHost: (region: number, client: number) => string | undefined;
  /** The addresses that belong to one Region. */
  readonly cidr: (region: number) => string;
  /** From where PostgreSQL in this Region lets people and programs log in. */
  readonly allowFrom: (region: number) => readonly string[];
};

export function schemeFor(config: Config, platform: "linux" | "other"): AddressScheme {
  const name = config.addresses === "auto" ? automatic[platform] : config.addresses;
  return name === "loopback-block" ? loopbackBlock(config.world) : shared(firstPort(config));
}

const automatic = { linux: "loopback-block", other: "shared" } as const;

function loopbackBlock(world: number): AddressScheme {
  const at = (region: number, last: number, port: number): Address => ({
    host: `127.${world}.${region}.${last}`,
    port,
  });
  return {
    name: "loopback-block",
    entry: () => at(0, 1, 8080),
    distribution: () => at(0, 1, 8081),
    dns: (region) => at(region ?? 0, 1, 5300),
    api: () => at(0, 1, 7400),
    control: () => at(0, 1, 7401),
    gateway: (region) => at(region, 1, 6432),
    edge: (region) => at(region, 1, 8080),
    agent: (region) => at(region, 2, 7402),
    gatewayDesk: (region) => at(region, 2, 7403),
    frontDesk: (region) => at(region, 2, 7404),
    pgbouncer: (region) => at(region, 3, 6432),
    service: (region, port) => at(region, 1, port),
    replica: (region, service, replica) => at(region, 4, 20_000 + 100 * service + replica),
    // Where Patroni answers load balancers, so that their configurations can stay as they are.
    rest: (region) => at(region, 2, 8008),
    instance: (region, k) => at(region, 10 + k, 5432),
    controllerSeenFrom: (region) => at(region, 100, 7401),
    agentSeenFrom: (region, other) => at(region, 100 + other, 7402),
    gatewaySeenFrom: (region, other) => at(region, 100 + other, 6432),
    edgeSeenFrom: (region, other) => at(region, 100 + other, 8080),
    instanceSeenFrom: (region, other, k) => at(region, 100 + other, 5431 + k),
    sourceHost: (region, client) => at(region, 100 + client, 0).host,
    cidr: (region) => `127.${world}.${region}.0/24`,
    // Its own addresses, which hold its ends of the links; the outside; and 127.0.0.1, which Linux gives to
    // whoever names no source. Another Region's own addresses are not among them: nobody goes around a link.
    allowFrom: (region) => [`127.${world}.${region}.0/24`, `127.${world}.0.0/24`, "127.0.0.1/32"],
  };
}

/** Below the ports that Linux (32768) and macOS (49152) give to outgoing connections, for worlds 0 to 28. */
const portsBase = 21_000;

/** Four Regions with four databases take 140, and each service one and its replicas in each of them. */
const portsPerWorld = 400;

function firstPort({ portsBase: chosen, world }: Config): number {
  return chosen ?? portsBase + world * portsPerWorld;
}

function shared(first: number): AddressScheme {
  let port = first;
  const next = (): Address => {
    if (port > 65_535) {
      throw new Failure(
        "config.invalid",
        `The world needs more ports than there are from ${first} on: lower \`ports\` or \`world\`, or have fewer Regions, databases or instances`,
      );
    }
    const address = { host: "127.0.0.1", port };
    port += 1;
    return address;
  };
  return {
    name: "shared",
    api: next,
    control: next,
    entry: next,
    distribution: next,
    dns: next,
    gateway: next,
    edge: next,
    agent: next,
    gatewayDesk: next,
    frontDesk: next,
    pgbouncer: next,
    service: next,
    replica: next,
    rest: next,
    instance: next,
    controllerSeenFrom: next,
    agentSeenFrom: next,
    gatewaySeenFrom: next,
    edgeSeenFrom: next,
    instanceSeenFrom: next,
    sourceHost: () => undefined,
    cidr: () => "127.0.0.1/32",
    allowFrom: () => ["127.0.0.1/32"],
  };
}
