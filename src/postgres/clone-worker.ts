/**
 * The thread of a clone: receives it, writes its files, sums them up and puts them on the disk. Shares counters with
 * its parent and answers once.
 */
import { parentPort, workerData } from "node:worker_threads";
import pg from "pg";
import { Failure } from "../model/failure.ts";
import { assert } from "../std/assert.ts";
import { findManifestFault } from "./backup-manifest.ts";
import { backupSocket } from "./backup-socket.ts";
import { BackupWriter } from "./backup-writer.ts";
import { BaseBackup } from "./base-backup.ts";
import {
  type CloneAnswer,
  CloneCounters,
  type CloneFailureCode,
  type CloneOrder,
} from "./clone-order.ts";
import { replicator } from "./configuration.ts";
import { isDiskFull, requireSpace } from "./disk-space.ts";
import { FileSyncer } from "./file-syncer.ts";
import { TarReader } from "./tar-reader.ts";

/** Round trips of a login over a slow, busy link; the thread's parent bounds everything after it. */
const CONNECT_TIMEOUT_MS = 15_000;

assert(parentPort !== null, "the clone runs in a worker thread");
const port = parentPort;
const order = workerData as CloneOrder;
const counters = new CloneCounters(order.counters);

class Refusal extends Error {
  readonly code: CloneFailureCode;

  constructor(code: CloneFailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

async function clone(): Promise<void> {
  const manifest: Buffer[] = [];
  const syncer = new FileSyncer(order.directory, () => counters.addStep());
  const writer = new BackupWriter(order.directory, order.owner, syncer);
  const tar = new TarReader(writer);
  const backup = new BaseBackup({
    onTotal: (totalBytes) => {
      counters.setTotal(totalBytes);
      requireSpace(order.directory, totalBytes, order.reserveBytes);
    },
    onArchiveBytes: (bytes) => {
      tar.push(bytes);
      counters.addReceived(bytes.length);
    },
    onManifestBytes: (bytes) => {
      manifest.push(Buffer.from(bytes));
      counters.addStep();
    },
    onReadEnd: () => writer.flush(),
  });
  const client = await connect(backup);
  await requireSameCluster(client);
  await renewSlot(client);
  client.query(backup);
  await backup.finished;
  if (!tar.isBetweenEntries) throw new Error("the archive ended in the middle of a file");
  const fault = findManifestFault(Buffer.concat(manifest), writer.files, order.systemId);
  if (fault !== undefined) throw new Error(fault);
  await syncer.finish();
  writer.finish("standby.signal", () => counters.addStep());
  // The upstream ends the session by itself when this thread and its socket end.
}

async function connect(backup: BaseBackup): Promise<pg.Client> {
  const client = new pg.Client({
    host: order.host,
    port: order.port,
    user: replicator,
    password: order.password,
    application_name: "leeward clone",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    stream: () => backupSocket(backup),
    ...({ replication: "true" } as object),
  });
  // A connection that breaks also fails the query that waits on it, which is where it is handled.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function requireSameCluster(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ systemid: string }>("IDENTIFY_SYSTEM");
  const systemId = rows[0]?.systemid;
  if (systemId !== order.systemId) {
    throw new Refusal(
      "postgres.other-cluster",
      `it is database system ${systemId}, expected was ${order.systemId}`,
    );
  }
  const version = await client.query<{ server_version_num: string }>("SHOW server_version_num");
  const major = Math.floor(Number(version.rows[0]?.server_version_num) / 10_000);
  if (major !== order.major) {
    throw new Refusal(
      "postgres.other-major",
      `it is PostgreSQL ${major}, ${order.major} runs here`,
    );
  }
}

/**
 * A slot that has lost its WAL never serves again, and one that was made for an earlier copy may keep less than
 * this one needs: the clone makes its own. WAIT, because the sender of a copy that was cut off may still hold it.
 */
async function renewSlot(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ slot_type: string | null }>(
    `READ_REPLICATION_SLOT ${order.slot}`,
  );
  if (typeof rows[0]?.slot_type === "string")
    await client.query(`DROP_REPLICATION_SLOT ${order.slot} WAIT`);
  await client.query(`CREATE_REPLICATION_SLOT ${order.slot} PHYSICAL RESERVE_WAL`);
  counters.addStep();
}

function answerOf(error: unknown): CloneAnswer {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Refusal) return { kind: "failed", code: error.code, message };
  if (isDiskFull(error) || (error instanceof Failure && error.code === "disk.full")) {
    return { kind: "failed", code: "disk.full", message };
  }
  return { kind: "failed", code: "postgres.clone-failed", message };
}

await clone().then(
  () => port.postMessage({ kind: "done" } satisfies CloneAnswer),
  (error: unknown) => port.postMessage(answerOf(error)),
);
