/** The rules between the `gateway` section and the rest of `leeward.yaml`. */
import { consoleName, type GatewayName } from "../model/gateway.ts";
import type { DatabaseId } from "../model/region.ts";
import type { Breach } from "./breach.ts";
import type { ConfigDocument } from "./schema.ts";

/** Left to PostgreSQL's superusers (3), to Leeward's own connections and to people who look into a server that is full. */
const connectionsKeptFree = 10;

/** PostgreSQL's own, where the config does not name another. */
const maxConnectionsDefault = 100;

export function checkGateway(document: ConfigDocument): readonly Breach[] {
  return [
    ...checkConsole(document),
    ...Object.entries(document.gateway.names).flatMap(([name, { database }]) =>
      checkName(document, name, database),
    ),
    ...checkConnections(document),
    ...checkHold(document),
  ];
}

/** The names that every database has without being given one. */
export function defaultNames(database: DatabaseId): readonly GatewayName[] {
  return [
    { name: database, database, mode: "forward" },
    { name: `${database}-ro`, database, mode: "local" },
    { name: `${database}-rw`, database, mode: "writer" },
  ];
}

function checkConsole({ databases }: ConfigDocument): readonly Breach[] {
  if (!Object.hasOwn(databases, consoleName)) return [];
  const message = "is the name of the gateways' own console";
  return [{ path: ["databases", consoleName], message }];
}

function checkName(
  { databases }: ConfigDocument,
  name: string,
  database: string,
): readonly Breach[] {
  const path = ["gateway", "names", name];
  if (name === consoleName) {
    return [{ path, message: "is the name of the gateways' own console" }];
  }
  const known = Object.keys(databases);
  if (!known.includes(database)) {
    const message = `is "${database}", which is no database of this world`;
    return [{ path: [...path, "database"], message, given: database, allowed: known }];
  }
  const owner = known.find((one) =>
    defaultNames(one as DatabaseId).some((given) => given.name === name),
  );
  if (owner === undefined || owner === database) return [];
  return [{ path, message: `is a name that the database \`${owner}\` has already` }];
}

function checkConnections({ databases, gateway }: ConfigDocument): readonly Breach[] {
  const { serverConnectionsMax } = gateway.limits;
  if (serverConnectionsMax === undefined) return [];
  return Object.entries(databases).flatMap(([name, { settings }]) => {
    const most = maxConnectionsIn(settings) - connectionsKeptFree;
    if (serverConnectionsMax <= most) return [];
    const message = `is ${serverConnectionsMax}, and \`${name}\` has room for ${most}: its \`max_connections\` less ${connectionsKeptFree} for PostgreSQL, Leeward and people`;
    return [{ path: ["gateway", "limits", "serverConnectionsMax"], message }];
  });
}

/** As the server will have it; a value that is no number is PostgreSQL's to refuse. */
export function maxConnectionsIn(settings: Readonly<Record<string, unknown>>): number {
  const given = Number(settings["max_connections"] ?? maxConnectionsDefault);
  return Number.isInteger(given) ? given : maxConnectionsDefault;
}

function checkHold({ gateway }: ConfigDocument): readonly Breach[] {
  const { drainMs, holdMs } = gateway.limits;
  if (drainMs < holdMs) return [];
  const message = `is ${drainMs}, and the whole hold has ${holdMs} (\`holdMs\`): nothing would be left for the writer to move`;
  return [{ path: ["gateway", "limits", "drainMs"], message }];
}
