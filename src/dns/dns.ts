/**
 * Names, served and asked for: the private zone as one place sees it (`dns-server.ts`), and one question to such a
 * server (`resolve.ts`).
 */
import type { ByteSockets } from "../env/byte-socket.ts";
import type { Datagrams } from "../env/datagrams.ts";
import type { Clock, Log, Random } from "../env/env.ts";
import type { Address } from "../model/address.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { RoutingPolicy } from "../model/traffic.ts";

export type ResolveDoors = {
  readonly clock: Clock;
  readonly random: Random;
  readonly sockets: ByteSockets;
  readonly datagrams: Datagrams;
};

export type Resolved = {
  readonly name: string;
  /** From `name` on: aliases, then addresses. Empty: it is there, and has no address. */
  readonly chain: readonly {
    readonly name: string;
    readonly type: string;
    readonly data: string;
    /** Seconds. */
    readonly ttl: number;
  }[];
  /** The first; undefined: none. */
  readonly address: string | undefined;
  /** Seconds that all of it may be kept; 0 when there is nothing. */
  readonly ttl: number;
};

export type DnsDoors = ResolveDoors & { readonly log: Log };

/** What does not change while a front door lives; its settings fit. */
export type ZoneSettings = {
  readonly zone: string;
  /** Undefined: the view from outside the Regions. */
  readonly region: RegionId | undefined;
  /** Where this server answers. */
  readonly dns: Address;
  readonly entry: { readonly service: ServiceId; readonly policy: RoutingPolicy } | undefined;
  /** In the order of the config, as they are reached from here. */
  readonly regions: readonly {
    readonly region: RegionId;
    /** Undefined: there is no entry. */
    readonly edge: Address | undefined;
    readonly gateway: Address;
    /** All Regions by distance from this one, itself first. */
    readonly order: readonly RegionId[];
  }[];
  readonly databases: readonly DatabaseStatics[];
  /** Of this Region; outside only the names count. */
  readonly services: readonly {
    readonly service: ServiceId;
    readonly listen: Address | undefined;
  }[];
};

export type DatabaseStatics = {
  readonly database: DatabaseId;
  readonly kind: "global" | "local";
  readonly regions: readonly RegionId[];
};
