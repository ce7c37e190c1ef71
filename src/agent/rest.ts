/**
 * Where the writer is, for load balancers: the paths, statuses and words of Patroni's REST API, so that a
 * configuration of HAProxy or of a cloud's load balancer that was written for it works here. 200 is yes, 503 is no.
 *
 *   /primary (also /, /master, /leader, /read-write)   it serves here as primary, with its lease in hand
 *   /replica[?lag=10MB]                                a secondary serves here (and lags by no more than that)
 *   /read-only                                         either of the two
 *   /health, /readiness                                its server serves
 *   /liveness                                          the agent answers
 *   /patroni                                           always 200, for monitoring
 *
 * A Region may have several databases: `/orders/primary` or `/primary?database=orders`. Pure.
 */
import type { DatabaseView } from "../database/region-agent.ts";
import type { HealthAnswer, HealthQuestion } from "../env/node/health-server.ts";
import type { DatabaseId, RegionId } from "../model/region.ts";

export type RestView = {
  readonly region: RegionId;
  /** All that have an instance in this Region. */
  readonly databases: readonly DatabaseId[];
  /** Undefined: not known yet. */
  readonly view: (database: DatabaseId) => DatabaseView | undefined;
};

type Check = (view: DatabaseView, query: HealthQuestion["query"]) => boolean;

const isPrimary: Check = ({ role, isServing, hasLease }) =>
  role === "primary" && isServing && hasLease;
const isReplica: Check = ({ role, isServing }) => role === "secondary" && isServing;
const isReplicaWithin: Check = (view, query) => {
  const lag = query.get("lag");
  if (!isReplica(view, query)) return false;
  return lag === undefined || (view.lagBytes ?? Infinity) <= (bytesOf(lag) ?? -1);
};

const checks: ReadonlyMap<string, Check> = new Map([
  ["", isPrimary],
  ["primary", isPrimary],
  ["master", isPrimary],
  ["leader", isPrimary],
  ["read-write", isPrimary],
  ["replica", isReplicaWithin],
  ["read-only", (view, query) => isPrimary(view, query) || isReplicaWithin(view, query)],
  ["health", ({ isServing }) => isServing],
  ["readiness", ({ isServing }) => isServing],
  ["patroni", () => true],
]);

export function answerRest(question: HealthQuestion, rest: RestView): HealthAnswer {
  const { method, path, query } = question;
  if (!["GET", "HEAD", "OPTIONS"].includes(method)) {
    return refusal(405, "only GET, HEAD and OPTIONS are answered here");
  }
  if (path === "/liveness") return { status: 200, body: { state: "running", region: rest.region } };
  const asked = parsePath(path, rest.databases);
  const check = checks.get(asked.check);
  if (check === undefined) return refusal(404, `there is no ${path}`);
  const lag = query.get("lag");
  if (lag !== undefined && bytesOf(lag) === undefined) {
    return refusal(400, "lag is a number of bytes, or one with kB, MB, GB or TB");
  }
  const database = databaseOf(asked.database ?? query.get("database"), rest.databases);
  if (typeof database !== "string") return database;
  const view = rest.view(database);
  if (view === undefined) {
    const status = asked.check === "patroni" ? 200 : 503;
    return { status, body: { state: "unknown", database, region: rest.region } };
  }
  return { status: check(view, query) ? 200 : 503, body: describe(database, view, rest) };
}

/** `/primary`, `/orders/primary`, `/orders`; a database that is called like a check is meant in the long form alone. */
function parsePath(
  path: string,
  databases: readonly DatabaseId[],
): { readonly database: string | undefined; readonly check: string } {
  const [first = "", second, ...rest] = path.slice(1).split("/");
  if (rest.length > 0) return { database: undefined, check: path };
  if (second !== undefined) return { database: first, check: second };
  if (!checks.has(first) && databases.some((known) => known === first)) {
    return { database: first, check: "" };
  }
  return { database: undefined, check: first };
}

function databaseOf(
  name: string | undefined,
  databases: readonly DatabaseId[],
): DatabaseId | HealthAnswer {
  const [only] = databases;
  if (name === undefined && only !== undefined && databases.length === 1) return only;
  if (name === undefined) {
    return refusal(400, "name the database: /NAME/primary or /primary?database=NAME", databases);
  }
  const found = databases.find((database) => database === name);
  return found ?? refusal(404, "this Region has no such database", databases);
}

function describe(database: DatabaseId, view: DatabaseView, { region }: RestView): object {
  return {
    state: view.isServing ? "running" : "stopped",
    role: view.role === "primary" ? "primary" : "replica",
    ...(view.timeline === undefined ? {} : { timeline: view.timeline }),
    ...(view.role === "primary" ? { has_lease: view.hasLease } : {}),
    ...(view.lagBytes === undefined ? {} : { lag: view.lagBytes }),
    database,
    region,
  };
}

function refusal(status: number, message: string, databases?: readonly DatabaseId[]): HealthAnswer {
  return { status, body: databases === undefined ? { message } : { message, databases } };
}

const units: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["kb", 2 ** 10],
  ["mb", 2 ** 20],
  ["gb", 2 ** 30],
  ["tb", 2 ** 40],
]);

/** `16384`, `10MB`, `1.5 GB`; undefined: no such text. */
function bytesOf(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d{1,18}(?:\.\d{1,9})?) ?([a-z]{0,2})$/i.exec(text) ?? [];
  const factor = units.get(unit.toLowerCase());
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}
