import { expect, test } from "vitest";
import type { Address } from "../model/address.ts";
import type { EvidenceNote } from "../model/evidence.ts";
import { type Fork, isPastFork } from "../model/fork.ts";
import type { DatabaseId, Epoch, RegionId, SystemId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { CreateSpec, DataEnd, Postgres, Upstream } from "./postgres.ts";

const slot = "leeward_us_west_2_1";
const backSlot = "leeward_us_east_1_1";

/** Two instances, each on a machine of its own, with a way between them. */
export interface PostgresWorld {
  readonly writer: Postgres;
  readonly copy: Postgres;
  readonly writerAddress: Address;
  readonly copyAddress: Address;
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
    await writer.openWrites({ epoch: 1, operation: "create" }, never);
    return systemId;
  };
  /** A writer with a copy that streams from it. */
  const startPair = async (world: PostgresWorld): Promise<SystemId> => {
    const systemId = await startWriter(world);
    const upstream = upstreamOf(world);
    await world.copy.clone(upstream, systemId, () => undefined, never);
    await world.copy.start({ kind: "secondary", upstream }, never);
    await streamsTo(world, world.copy);
    return systemId;
  };
  const streamsTo = async (world: PostgresWorld, standby: Postgres): Promise<void> =>
    world.eventually("it streams", async () => (await standby.status(never)).isStreaming);
  const promoteCopy = async (world: PostgresWorld): Promise<Fork> => {
    const fork = await world.copy.promote(never);
    await world.copy.ensureSlots([backSlot], never);
    await world.copy.openWrites({ epoch: 2, operation: "move" }, never);
    return fork;
  };
  const upstreamBack = ({ copyAddress }: PostgresWorld): Upstream => ({
    address: copyAddress,
    slot: backSlot,
    applicationName: backSlot,
  });

  promises("nothing is there, then a stopped primary, and nothing again", async (world) => {
    const { writer, spec } = world;
    expect(await writer.inspect(never)).toEqual({ kind: "absent" });
    const systemId = await writer.create(spec, never);
    expect(await writer.inspect(never)).toMatchObject({
      kind: "present",
      systemId,
      isStandby: false,
      end: { timeline: 1, isClean: true },
    });
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
    expect(await writer.stop("fast", never)).toBe(true);
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
    expect(await copy.inspect(never)).toMatchObject({
      kind: "present",
      systemId,
      isStandby: true,
      end: { timeline: 1 },
    });
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

  promises("I2: a fence ends it at once and unclean, and is heard", async (world) => {
    const { writer } = world;
    await startWriter(world);
    const ended = writer.ended(never);
    await writer.fence(never);
    await ended;
    expect(writer.isRunning()).toBe(false);
    await expect(writer.status(never)).rejects.toMatchObject({ code: "postgres.query-failed" });
    expect(await writer.stop("fast", never)).toBe(false);
    await expect(writer.token(never)).rejects.toMatchObject({ code: "postgres.stop-failed" });
    await writer.fence(never);
    await writer.start({ kind: "primary" }, never);
    expect(writer.isRunning()).toBe(true);
  });

  promises(
    "a fence makes a start that is under way fail, and leaves nothing running",
    async (world) => {
      const { writer, spec } = world;
      await writer.create(spec, never);
      const starting = writer.start({ kind: "primary" }, never).then(
        () => "started",
        () => "failed",
      );
      await writer.fence(never);
      expect(await starting).toBe("failed");
      expect(writer.isRunning()).toBe(false);
      expect(await world.nextAgent("writer").adopt(never)).toBe(false);
    },
  );

  promises(
    "I3: a secondary that has replayed beyond the token takes over, and the old primary follows it",
    async (world) => {
      const { writer, copy } = world;
      const systemId = await startPair(world);
      await expect(writer.token(never)).rejects.toMatchObject({ code: "postgres.stop-failed" });
      await writer.checkpoint(never);
      expect(await writer.stop("fast", never)).toBe(true);
      const token = await writer.token(never);
      expect(token).toMatchObject({ systemId, timeline: 1 });
      await world.eventually("the copy has everything", async () => {
        return (await copy.status(never)).replayedLsn > token.lsn;
      });
      const fork = await promoteCopy(world);
      expect(fork).toMatchObject({ timeline: 2, parent: 1 });
      expect(fork.lsn).toBeGreaterThanOrEqual(token.lsn);
      expect(await copy.promote(never)).toEqual(fork);
      expect(await copy.status(never)).toMatchObject({ isInRecovery: false, timeline: 2 });
      expect(isPastFork(await endOf(writer), [fork])).toBe(false);
      await writer.start({ kind: "secondary", upstream: upstreamBack(world) }, never);
      await writer.dropEvidenceSlots(never);
      await streamsTo(world, writer);
      await world.eventually("it is on the new timeline", async () => {
        return (await writer.status(never)).timeline === 2;
      });
    },
  );

  promises("a primary that was never a standby is not promoted", async (world) => {
    await startWriter(world);
    await expect(world.writer.promote(never)).rejects.toMatchObject({
      code: "postgres.promote-failed",
    });
  });

  promises(
    "a probe is acknowledged by a writer that lets writes in, and by no other",
    async (world) => {
      await startPair(world);
      expect(await world.copy.probe(world.writerAddress, never)).toBe(true);
      expect(await world.copy.probe(world.copyAddress, never)).toBe(false);
      await world.writer.stop("immediate", never);
      expect(await world.copy.probe(world.writerAddress, never)).toBe(false);
      await world.writer.start({ kind: "primary" }, never);
      expect(await world.copy.probe(world.writerAddress, never)).toBe(false);
      await world.writer.openWrites({ epoch: 1, operation: "start" }, never);
      expect(await world.copy.probe(world.writerAddress, never)).toBe(true);
      world.copy.closeProbes();
    },
  );

  promises(
    "I5: data are set aside whole, found again, and removed by name alone",
    async (world) => {
      const { writer, copy } = world;
      const systemId = await startPair(world);
      const note: EvidenceNote = {
        name: "unplanned-global-failover-orders-us-east-1-20260101T000000Z",
        database: "orders" as DatabaseId,
        region: "us-east-1" as RegionId,
        number: 1,
        systemId,
        timeline: 1,
        forkLsn: undefined,
        epoch: 2 as Epoch,
        atWallMs: 1_767_225_600_000,
        because: "it diverged",
      };
      await expect(writer.setAside(note, never)).rejects.toMatchObject({
        code: "postgres.stop-failed",
      });
      await writer.fence(never);
      await promoteCopy(world);
      await writer.setAside(note, never);
      await writer.setAside(note, never);
      expect(await writer.inspect(never)).toEqual({ kind: "absent" });
      const [item] = await writer.evidence(never);
      expect(item).toMatchObject(note);
      expect(item?.bytes).toBeGreaterThan(0);
      await writer.clone(upstreamBack(world), systemId, () => undefined, never);
      await writer.start({ kind: "secondary", upstream: upstreamBack(world) }, never);
      await streamsTo(world, writer);
      expect(await copy.evidence(never)).toEqual([]);
      await writer.removeEvidence("no-such-evidence", never);
      expect(await writer.evidence(never)).toHaveLength(1);
      await writer.removeEvidence(note.name, never);
      expect(await writer.evidence(never)).toEqual([]);
    },
  );
}

async function endOf(postgres: Postgres): Promise<DataEnd> {
  const found = await postgres.inspect(new AbortController().signal);
  assert(found.kind === "present", "there are data");
  return found.end;
}
