import { expect, test } from "vitest";
import {
  drawAddress,
  eventually,
  Scratch,
  soon,
  spec,
  sql,
  startPrimary,
  upstreamAt,
} from "../../test/postgres/scratch.ts";
import { TcpProxy } from "../../test/postgres/tcp-proxy.ts";
import { REPLICATION_TIMEOUT_MS } from "./configuration.ts";

test("a black hole is noticed in a bounded time by the secondary, and does not hold up a clean stop of the writer", {
  timeout: 90_000,
}, async () => {
  await using scratch = await Scratch.open();
  const [address, proxyAddress] = [drawAddress(), drawAddress()];
  const warnings: string[] = [];
  const writer = scratch.server("a", address, {
    log: { ...quietLog, warn: (event) => warnings.push(event) },
  });
  const secondary = scratch.server("b", drawAddress());
  const upstream = upstreamAt(proxyAddress);
  const systemId = await writer.create(spec, soon());
  await startPrimary(writer);
  await writer.ensureSlots([upstream.slot], soon());
  const proxy = await TcpProxy.open(proxyAddress, address);
  await secondary.clone(upstream, systemId, () => undefined, soon());
  await secondary.start({ kind: "secondary", upstream }, soon());
  await eventually("it streams", async () => (await secondary.status(soon())).isStreaming);

  proxy.silence();
  const silentMs = performance.now();
  await sql(address, "create table lost_for_now as select generate_series(1, 1000) as i");
  await writer.stop("fast", soon());
  expect(performance.now() - silentMs).toBeLessThan(REPLICATION_TIMEOUT_MS + 5000);
  expect(warnings).toEqual([]);
  // PostgreSQL counts from the last byte that it took, which on a slow machine comes late.
  await eventually(
    "the secondary knows",
    async () => !(await secondary.status(soon())).isStreaming,
    4 * REPLICATION_TIMEOUT_MS,
  );
  await proxy.close();
});

const quietLog = {
  debug: () => undefined,
  info: () => undefined,
  error: () => undefined,
  child: () => {
    throw new Error("no child log is taken");
  },
};
