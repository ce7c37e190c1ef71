import { expect, test } from "vitest";
import type { Address } from "../model/address.ts";
import type { SystemId } from "../model/region.ts";
import type { CreateSpec, Postgres, Upstream } from "./postgres.ts";

const slot = "leeward_us_west_2_1";

/** Two instances, each on a machine of its own, with a way between them. */
export interface PostgresWorld {
  readonly writer: Postgres;
  readonly copy: Postgres;
  readonly writerAddress: Address;
  readonly spec: CreateSpec;
  /** The instance as the next agent has it: the one that held it so far was killed. */
  nextAgent(which: "writer" | "copy"): Postgres;
  /** Settles once `holds` answers true; fails when it never does. */
  eventually(what: string, holds: () => Promise<boolean>): Promise<void>;
  end(): Promise<void>;
}

/** How the test of one kind runs: the simulated one has to make its time pass. */
export type PostgresContract = {
  readonly make: () => Promise<PostgresWorld>;
  readonly drive: <T>(world: PostgresWorld, body: () => Promise<T>) => Promise<T>;
};

/** What every `Postgres` promises, in the order of an instance's life. */
export function registerPostgresContract({ make, drive }: PostgresContract): void {
  const never = new AbortController().signal;
  const promises = (sentence: string, body: (world: PostgresWorld) => Promise<void>): void => {
    test(sentence, async () => {
      const world = await make();
      try {
        await drive(world, () => body(world));
      } finally {
        await world.end();
      }
    });
  };
  const upstreamOf = ({ writerAddress }: PostgresWorld): Upstream => ({
    address: writerAddress,
    slot,
    applicationName: slot,
  });
  const startWriter = async ({ writer, spec }: PostgresWorld): Promise<SystemId> => {
    const systemId = await writer.create(spec, never);
    await writer.start({ kind: "primary" }, never);
    await writer.ensureSlots([slot], never);
    return systemId;
  };

  promises("nothing is there, then a stopped primary, and nothing again", async (world) => {
    const { writer, spec } = world;
    expect(await writer.inspect(never)).toEqual({ kind: "absent" });
    const systemId = await writer.create(spec, never);
    expect(await writer.inspect(never)).toEqual({ kind: "present", systemId, isStandby: false });
    expect(writer.isRunning()).toBe(false);
    await expect(writer.create(spec, never)).rejects.toMatchObject({
      code: "postgres.create-failed",
    });
    await writer.remove({ force: false }, never);
    expect((await writer.inspect(never)).kind).toBe("present");
    await writer.remove({ force: true }, never);
    expect(await writer.inspect(never)).toEqual({ kind: "absent" });
  });

  promises("what is not there is not started", async ({ writer }) => {
    await expect(writer.start({ kind: "primary" }, never)).rejects.toMatchObject({
      code: "postgres.data-missing",
    });
    expect(writer.isRunning()).toBe(false);
    await writer.stop("fast", never);
  });

  promises("a primary runs until it is stopped, and its end is heard", async (world) => {
    const { writer } = world;
    const systemId = await startWriter(world);
    expect(writer.isRunning()).toBe(true);
    const status = await writer.status(never);
    expect(status).toMatchObject({ systemId, isInRecovery: false, isStreaming: false });
    expect(status.replayedLsn).toBe(status.flushedLsn);
    const ended = writer.ended(never);
    await expect(writer.remove({ force: true }, never)).rejects.toMatchObject({
      code: "postgres.stop-failed",
    });
    await writer.stop("fast", never);
    await ended;
    expect(writer.isRunning()).toBe(false);
    await expect(writer.status(never)).rejects.toMatchObject({ code: "postgres.query-failed" });
  });

  promises("the next agent adopts what runs, and is told when nothing does", async (world) => {
    await startWriter(world);
    const next = world.nextAgent("writer");
    expect(next.isRunning()).toBe(false);
    expect(await next.adopt(never)).toBe(true);
    expect(next.isRunning()).toBe(true);
    expect(await next.status(never)).toMatchObject({ isInRecovery: false });
    await next.stop("immediate", never);
    expect(await world.nextAgent("writer").adopt(never)).toBe(false);
  });

  promises("a clone streams from its writer, and its lag is seen there", async (world) => {
    const { writer, copy } = world;
    const systemId = await startWriter(world);
    const upstream = upstreamOf(world);
    let receivedBytes = 0;
    const onProgress = (progress: { readonly receivedBytes: number }): void => {
      expect(progress.receivedBytes).toBeGreaterThanOrEqual(receivedBytes);
      ({ receivedBytes } = progress);
    };
    await copy.clone(upstream, systemId, onProgress, never);
    expect(receivedBytes).toBeGreaterThan(1_000_000);
    expect(await copy.inspect(never)).toEqual({ kind: "present", systemId, isStandby: true });
    await copy.start({ kind: "secondary", upstream }, never);
    const streams = async (): Promise<boolean> => (await copy.status(never)).isStreaming;
    await world.eventually("the clone streams", streams);
    expect(await copy.status(never)).toMatchObject({ systemId, isInRecovery: true });
    await world.eventually("the writer sees that it caught up", async () => {
      const [lag] = await writer.replicaLags([slot], never);
      return lag?.isStreaming === true && lag.slotIsIntact && lag.lagBytes === 0;
    });
    await copy.stop("fast", never);
    await world.eventually("the writer sees that it is away", async () => {
      const [lag] = await writer.replicaLags([slot], never);
      return lag?.isStreaming === false;
    });
    await copy.start({ kind: "fenced" }, never);
    expect(await copy.status(never)).toMatchObject({ isInRecovery: true, isStreaming: false });
    await copy.follow(upstream, never);
    await world.eventually("the clone streams again", streams);
  });

  promises("a clone of another database system is refused and leaves nothing", async (world) => {
    await startWriter(world);
    const other = "6000000000000000001" as SystemId;
    const clone = world.copy.clone(upstreamOf(world), other, () => undefined, never);
    await expect(clone).rejects.toMatchObject({ code: "postgres.other-cluster" });
    expect(await world.copy.inspect(never)).toEqual({ kind: "absent" });
  });

  promises("a clone without an upstream fails and leaves nothing", async (world) => {
    const clone = world.copy.clone(upstreamOf(world), "7001" as SystemId, () => undefined, never);
    await expect(clone).rejects.toMatchObject({ code: "postgres.clone-failed" });
    expect(await world.copy.inspect(never)).toEqual({ kind: "absent" });
  });

  promises("an instance that others stream from measures them as a writer does", async (world) => {
    const systemId = await startWriter(world);
    const upstream = upstreamOf(world);
    await world.copy.clone(upstream, systemId, () => undefined, never);
    await world.copy.start({ kind: "secondary", upstream }, never);
    await world.copy.ensureSlots(["leeward_us_west_2_2"], never);
    const lags = await world.copy.replicaLags(["leeward_us_west_2_2"], never);
    expect(lags).toMatchObject([{ isStreaming: false, slotIsIntact: true }]);
  });
}
