/**
 * The commands by name. Each is in a module of its own that is loaded when it is named: `leeward status` does not
 * wait for what `leeward psql` needs.
 */
import type { Command } from "commander";
import type { Run } from "./frame.ts";

export type CommandModule = {
  readonly name: string;
  /** For the list in `leeward help`. */
  readonly summary: string;
  readonly load: () => Promise<(run: Run) => Command>;
};

export const commands: readonly CommandModule[] = [
  {
    name: "up",
    summary: "bring up the world of a leeward.yaml",
    load: async () => (await import("./up.ts")).upCommand,
  },
  {
    name: "down",
    summary: "stop the world, keep its data",
    load: async () => (await import("./down.ts")).downCommand,
  },
  {
    name: "reset",
    summary: "stop the world, delete its data",
    load: async () => (await import("./reset.ts")).resetCommand,
  },
  {
    name: "doctor",
    summary: "show what would stop `up` on this machine",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  {
    name: "status",
    summary: "show Regions, databases, lag and links",
    load: async () => (await import("./status.ts")).statusCommand,
  },
  {
    name: "psql",
    summary: "run SQL, without needing psql",
    load: async () => (await import("./psql.ts")).psqlCommand,
  },
  {
    name: "gateway",
    summary: "show what the gateways do: clients, pools, who is bound",
    load: async () => (await import("./gateway.ts")).gatewayCommand,
  },
  {
    name: "switchover",
    summary: "make another Region the primary; nothing is lost",
    load: async () => (await import("./switchover.ts")).switchoverCommand,
  },
  {
    name: "failover",
    summary: "make another Region the primary without the present one",
    load: async () => (await import("./failover.ts")).failoverCommand,
  },
  {
    name: "detach",
    summary: "make a secondary a database of its own",
    load: async () => (await import("./detach.ts")).detachCommand,
  },
  {
    name: "add",
    summary: "make a Region a member of a database",
    load: async () => (await import("./add.ts")).addCommand,
  },
  {
    name: "rejoin",
    summary: "bring back a Region that left",
    load: async () => (await import("./rejoin.ts")).rejoinCommand,
  },
  {
    name: "remove",
    summary: "end a secondary",
    load: async () => (await import("./remove.ts")).removeCommand,
  },
  {
    name: "operations",
    summary: "show the journal of operations, cancel one",
    load: async () => (await import("./operations.ts")).operationsCommand,
  },
  {
    name: "snapshots",
    summary: "show what is kept of old primaries",
    load: async () => (await import("./snapshots.ts")).snapshotsCommand,
  },
  {
    name: "region",
    summary: "kill, stop, start, isolate or heal a Region",
    load: async () => (await import("./region.ts")).regionCommand,
  },
  {
    name: "link",
    summary: "show the links between Regions, slow them down, cut them",
    load: async () => (await import("./link.ts")).linkCommand,
  },
  {
    name: "control",
    summary: "show routing controls, switch them under their rules",
    load: async () => (await import("./control.ts")).controlCommand,
  },
  {
    name: "traffic",
    summary: "show where people are sent, turn it up and down",
    load: async () => (await import("./traffic.ts")).trafficCommand,
  },
  {
    name: "distribution",
    summary: "show and move the origin of the distribution",
    load: async () => (await import("./distribution.ts")).distributionCommand,
  },
  {
    name: "dns",
    summary: "show where the names of databases lead",
    load: async () => (await import("./dns.ts")).dnsCommand,
  },
  {
    name: "resolve",
    summary: "resolve a name as it looks from a Region",
    load: async () => (await import("./resolve.ts")).resolveCommand,
  },
  {
    name: "services",
    summary: "show the application's services and their replicas",
    load: async () => (await import("./services.ts")).servicesCommand,
  },
  {
    name: "scale",
    summary: "say how many replicas a service has, warm a Region",
    load: async () => (await import("./scale.ts")).scaleCommand,
  },
  {
    name: "load",
    summary: "send visitors through the application, and measure",
    load: async () => (await import("./load.ts")).loadCommand,
  },
  {
    name: "events",
    summary: "show what happened",
    load: async () => (await import("./events.ts")).eventsCommand,
  },
  {
    name: "logs",
    summary: "show what the programs and PostgreSQL logged",
    load: async () => (await import("./logs.ts")).logsCommand,
  },
  {
    name: "schema",
    summary: "print the JSON Schema of leeward.yaml",
    load: async () => (await import("./schema.ts")).schemaCommand,
  },
];
