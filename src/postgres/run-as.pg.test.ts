import { execFile } from "node:child_process";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import {
  clock,
  drawAddress,
  Scratch,
  soon,
  spec,
  sql,
  startPrimary,
} from "../../test/postgres/scratch.ts";
import { observeRunAs } from "./observe-run-as.ts";
import { decideRunAs } from "./run-as.ts";

const run = promisify(execFile);
const primary = { kind: "primary" } as const;

test("PostgreSQL runs where nobody may not pass, and its data follow when that changes", async (t) => {
  await using scratch = await Scratch.open();
  const view = await observeRunAs(scratch.installation, scratch.directory, clock, soon());
  if (view.uid !== 0) return t.skip("only root has to become somebody else");
  if (!view.canUnshareUser) return t.skip("user namespaces are not permitted here");
  const barred = join(scratch.directory, "barred");
  await mkdir(barred, { mode: 0o700 });
  const barredView = await observeRunAs(scratch.installation, barred, clock, soon());
  const runAs = decideRunAs(barredView);
  expect(runAs).toMatchObject({ kind: "user-namespace" });

  const address = drawAddress();
  const hidden = scratch.server("one", address, { runAs });
  await hidden.create(spec, soon());
  await startPrimary(hidden);
  await sql(address, "create table kept as select 1 as i");
  await hidden.stop("fast", soon());
  expect((await stat(join(scratch.directory, "one", "data"))).uid).toBe(0);

  const open = scratch.server("one", address);
  await open.start(primary, soon());
  expect(await sql(address, "select i from kept")).toEqual([{ i: 1 }]);
  await open.stop("fast", soon());
  await hidden.start(primary, soon());
  expect(await sql(address, "select i from kept")).toEqual([{ i: 1 }]);
});

test("a server is adopted and swept inside a PID namespace whose /proc shows other numbers", async (t) => {
  const namespace = ["--user", "--map-current-user", "--pid", "--fork", "--kill-child=KILL"];
  const isPermitted = await run("unshare", [...namespace, "true"]).then(
    () => true,
    () => false,
  );
  if (!isPermitted) return t.skip("PID namespaces are not permitted here");
  const script = fileURLToPath(new URL("../../test/postgres/in-pid-namespace.ts", import.meta.url));
  const command = [...namespace, process.execPath, "--import", "tsx", script];
  const { stdout } = await run("unshare", command, { timeout: 40_000 });
  expect(JSON.parse(stdout)).toMatchObject({
    ownPid: 1,
    wasAdopted: true,
    isOurs: true,
    rows: [{ one: 1 }],
    left: 0,
    again: [{ two: 2 }],
  });
});
