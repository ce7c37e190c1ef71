/**
 * What `leeward.yaml` says once it was read (`load.ts`): every default filled in, every name checked, every
 * list in the order of the file. Programs hold this; nobody below looks at the YAML.
 */
import type { Consistency, GatewayLimits, GatewayName } from "../model/gateway.ts";
import type { LinkSettings } from "../model/link-settings.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";

export type Config = {
  readonly name: string;
  /** The loopback block (127.W.0.0/16 on Linux) or, in the shared scheme, the block of ports. */
  readonly world: number;
  readonly preset: Preset;
  readonly addresses: AddressChoice;
  /** First port of the shared scheme; undefined: derived from `world`. */
  readonly portsBase: number | undefined;
  /** In order: the first is Region 1. */
  readonly regions: readonly RegionId[];
  /**
   * As they are at the start of the world: one for each Region and the controller, one for each pair of
   * Regions. `leeward link set` changes the running ones.
   */
  readonly links: readonly LinkSettings[];
  readonly databases: readonly DatabaseConfig[];
  readonly postgres: PostgresConfig;
  readonly gateway: GatewayConfig;
  readonly events: { readonly keepDays: number };
  /** 0: until a person removes it. */
  readonly evidence: { readonly keepDays: number };
};

export type Preset = "local" | "wan";

/** `auto` is `loopback-block` where all of 127.0.0.0/8 is local (Linux), `shared` elsewhere. */
export type AddressChoice = "auto" | "loopback-block" | "shared";

export type DatabaseConfig = {
  readonly id: DatabaseId;
  readonly placement: Placement;
  readonly regions: readonly { readonly region: RegionId; readonly instances: number }[];
  readonly roles: readonly RoleConfig[];
  /** Owns the SQL database; one of `roles`. Undefined: Leeward's own superuser does. */
  readonly owner: string | undefined;
  /** Of reads in a secondary Region, where the role and the session say nothing else. */
  readonly consistency: Consistency;
  /** The user's own parameters of postgresql.conf, as PostgreSQL spells their values. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
};

export type Placement =
  /** One database system; `primary` is the writer's Region when it is created. The store knows the present one. */
  | {
      readonly kind: "global";
      readonly primary: RegionId;
      readonly failover: "manual" | "automatic";
      readonly rejoin: "manual" | "automatic";
      /** 0: off. */
      readonly rpoGuardMs: number;
      /** After a failover, none happens by itself for this long. */
      readonly failoverPauseMs: number;
    }
  /** An independent database system in each of its Regions. */
  | { readonly kind: "local" };

export type RoleConfig = {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly replication: boolean;
  /** Undefined: as the database says. */
  readonly consistency: Consistency | undefined;
};

export type PostgresConfig = {
  /** The bin directory of another installation; undefined: the embedded PostgreSQL. */
  readonly bin: string | undefined;
  readonly maxSlotWalKeepMb: number;
};

export type GatewayConfig = {
  /** All of them, those that every database has by itself included; no name twice. */
  readonly names: readonly GatewayName[];
  readonly tls: "off" | "offered" | "required";
  /** A commit whose answer was lost is looked for, so that its client is told what became of it. */
  readonly commitCertainty: boolean;
  readonly limits: GatewayLimits;
};
