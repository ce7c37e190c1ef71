/**
 * Run by a test inside a PID namespace whose /proc is still the outer one: creates an instance, starts it, lets
 * a second object adopt it, kills its postmaster, and prints what it saw.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { processesIn, signalProcess } from "../../src/postgres/process-table.ts";
import { drawAddress, Scratch, soon, spec, sql } from "./scratch.ts";

await using scratch = await Scratch.open();
const address = drawAddress();
const first = scratch.server("one", address);
await first.create(spec, soon());
await first.start({ kind: "primary" }, soon());
first.close();
const second = scratch.server("one", address);
const wasAdopted = await second.adopt(soon());
const data = join(scratch.directory, "one", "data");
const pid = Number((await readFile(join(data, "postmaster.pid"), "utf8")).split("\n")[0]);
const isOurs = processesIn(data).some((found) => found.pid === pid && !found.isForeign);
const rows = await sql(address, "select 1 as one");
const end = second.ended(soon());
signalProcess(pid, "SIGKILL");
await end;
const left = processesIn(data).length;
await second.start({ kind: "primary" }, soon());
const again = await sql(address, "select 2 as two");
console.log(
  JSON.stringify({
    ownPid: process.pid,
    wasAdopted,
    isOurs,
    rows,
    left,
    again,
    runAs: scratch.runAs.kind,
  }),
);
