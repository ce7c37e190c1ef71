/**
 * What `leeward.yaml` says once it was read (`load.ts`): every default filled in, every name checked, every
 * list in the order of the file. Programs hold this; nobody below looks at the YAML.
 */
import type { Consistency, GatewayLimits, GatewayName } from "../model/gateway.ts";
import type { LinkSettings } from "../model/link-settings.ts";
import type { PredefinedRole } from "../model/predefined-role.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";
import type {
  HealthCheck,
  Scaling,
  ServiceId,
  ServiceKind,
  ServiceProtocol,
} from "../model/service.ts";
import type { ControlId, PanelId, RoutingPolicy, RuleId } from "../model/traffic.ts";

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
  /** Undefined: the world has no PgBouncer. */
  readonly pgbouncer: PoolerConfig | undefined;
  readonly services: readonly ServiceConfig[];
  readonly traffic: TrafficConfig;
  /** Each Region has a front door, and there is one outside: somebody wants names, an entry or services. */
  readonly hasFrontDoors: boolean;
  readonly load: readonly LoadConfig[];
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
  readonly memberOf: readonly PredefinedRole[];
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

export type ServiceNeeds = {
  readonly databases: readonly DatabaseId[];
  readonly services: readonly ServiceId[];
};

export type ServiceConfig = {
  readonly id: ServiceId;
  readonly kind: ServiceKind;
  /** Empty for a kind that Leeward starts itself. */
  readonly command: readonly string[];
  readonly port: number;
  readonly protocol: ServiceProtocol;
  readonly health: HealthCheck;
  readonly scaling: Scaling;
  /** It starts when they are there. */
  readonly needs: ServiceNeeds;
  /** It is told of them, and does not wait for them. */
  readonly uses: ServiceNeeds;
  /** Values as the file has them: what stands in `${}` is filled in for each Region and replica. */
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly regions: readonly RegionId[];
  readonly startMs: number;
  readonly stopMs: number;
};

export type TrafficConfig = {
  readonly zone: string;
  /** Undefined: nobody listens at the entries. */
  readonly entry: EntryConfig | undefined;
  /** How the global entry looks at each Region. */
  readonly health: HealthCheck;
  /** A Region that no write reaches the writer of this database from is unhealthy. */
  readonly healthDatabase: DatabaseId | undefined;
  /** Of every Region, as they are at the start of the world. */
  readonly regions: readonly {
    readonly region: RegionId;
    readonly dial: number;
    readonly weight: number;
  }[];
  readonly panels: readonly PanelConfig[];
  readonly distribution: DistributionConfig | undefined;
};

export type EntryConfig = {
  readonly service: ServiceId;
  readonly policy: RoutingPolicy;
  readonly nearHeader: string | undefined;
  readonly trustForwarded: boolean;
  /** 0: never. */
  readonly panicPercent: number;
};

export type PanelConfig = {
  readonly id: PanelId;
  readonly controls: readonly ControlConfig[];
  readonly rules: readonly RuleConfig[];
};

export type ControlConfig = {
  readonly id: ControlId;
  readonly region: RegionId;
  /** Undefined: the whole Region. */
  readonly service: ServiceId | undefined;
  /** At the start of the world. */
  readonly isOn: boolean;
};

export type RuleConfig = {
  readonly id: RuleId;
  readonly controls: readonly ControlId[];
  /** What of the controls must be On after a change; `isInverted`: must not be so. */
  readonly condition:
    | { readonly kind: "atleast"; readonly threshold: number }
    | { readonly kind: "and" }
    | { readonly kind: "or" };
  readonly isInverted: boolean;
  readonly waitMs: number;
  /** Of every copy of a global database in the Region of a control that goes On; undefined: it does not matter. */
  readonly lagMsMax: number | undefined;
  readonly fenceProved: boolean;
};

export type DistributionConfig = {
  readonly origin: RegionId;
  readonly failover: boolean;
  readonly database: DatabaseId | undefined;
  readonly keepMs: number;
};

export type LoadConfig = {
  readonly name: string;
  /** As the file has it: from its own directory. */
  readonly module: string;
};

export type PoolerConfig = {
  readonly regions: readonly RegionId[];
  /** Undefined: what is installed, else a package that Leeward keeps. */
  readonly bin: string | undefined;
  /** All of them, `D` and `D-ro` included. */
  readonly names: readonly PoolerName[];
  readonly clientsMax: number;
  readonly poolSize: number;
  readonly pauseMs: number;
};

export type PoolerName = {
  readonly name: string;
  readonly database: DatabaseId;
  /** `writer`: follows the writer. `local`: stays in the Region. */
  readonly mode: "writer" | "local";
};
