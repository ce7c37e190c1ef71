/**
 * `npm run bench:gateway`: what the gateway costs beside PgBouncer and pgpool-II, in the same run, on the same
 * PostgreSQL. Writes nothing but its answer.
 */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { parts, measureParts, type Part } from "./gateway-parts.ts";
import { findPeers } from "./gateway-peers.ts";
import { startPostgres } from "./gateway-postgres.ts";
import { Running } from "./gateway-running.ts";
import { endingWith } from "./interrupted.ts";
import { machineFacts, renderFacts } from "./machine.ts";
import { chosenParts } from "./part-options.ts";
import { renderTable } from "./table.ts";

const usage = `npm run bench:gateway -- [--only NAME]... [--pairs N] [--seconds N] [--clients N]... [--reads N]
                        [--switchovers N] [--no-gateway]

  --only NAME   one part of: ${parts.join(", ")}
  --pairs N     slices of each kind; left out: 5
  --seconds N   length of a slice; left out: 3
  --clients N   left out: 8, 32 and 1
  --reads N     write-then-read pairs of the consistency part; left out: 1,000,000, for which it takes half an hour
  --switchovers N  of the switchover part; left out: 50
  --no-gateway  PgBouncer against itself in its place: how far the machine may be believed

PGBOUNCER_BIN names another PgBouncer, LEEWARD_PG_BIN another PostgreSQL. The exit code says whether it could
measure, not whether a figure was reached.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [...parts] },
      pairs: { type: "string", default: "5" },
      seconds: { type: "string", default: "3" },
      clients: { type: "string", multiple: true, default: ["8", "32", "1"] },
      switchovers: { type: "string", default: "50" },
      reads: { type: "string", default: "1000000" },
      "no-gateway": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(usage);
  const chosen = chosenParts(parts, values.only, usage);
  if (process.platform !== "linux") throw new Error("The benchmark reads /proc: Linux only");
  const order = {
    parts: chosen,
    pairs: positive(values.pairs, "--pairs"),
    seconds: positive(values.seconds, "--seconds"),
    clients: values.clients.map((text) => positive(text, "--clients")),
    reads: positive(values.reads, "--reads"),
    switchovers: positive(values.switchovers, "--switchovers"),
    hasGateway: !values["no-gateway"],
  };
  if (order.hasGateway) build();
  console.log(`${await run(order)}`);
}

type Order = {
  readonly parts: readonly Part[];
  readonly pairs: number;
  readonly seconds: number;
  readonly clients: readonly number[];
  readonly reads: number;
  readonly switchovers: number;
  readonly hasGateway: boolean;
};

async function run(order: Order): Promise<string> {
  const running = new Running();
  return endingWith(
    () => running.end(),
    () => measure(order, running),
  );
}

async function measure(order: Order, running: Running): Promise<string> {
  const peers = findPeers();
  const postgres = await running.start(startPostgres(peers.pgbench));
  const facts = renderFacts(machineFacts(postgres.version, tmpdir()));
  const { pgbouncer, pgpool } = peers;
  const versions = `PgBouncer ${pgbouncer?.version ?? "is missing"}, pgpool-II ${pgpool?.version ?? "is missing"}`;
  const shared = "Clients, proxy and PostgreSQL share the cores.";
  console.log(`${[facts, versions, shared, ...peers.remarks].join("\n")}\n`);
  const figures = await measureParts({ ...order, peers, postgres, running });
  return figures.length === 0 ? "Nothing could be measured." : renderTable(figures);
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`${option} is a number from 1.\n\n${usage}`);
}

await main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
