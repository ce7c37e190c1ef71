/** Which process is which replica: kept in a file, so that the next agent goes on with what runs. */
import { join } from "node:path";
import { z } from "zod";
import type { Files } from "../env/env.ts";
import type { ServiceId } from "../model/service.ts";
import { branded } from "../wire/codec.ts";

const replicaRecord = z.object({
  service: branded<ServiceId>(),
  number: z.number().int().min(1),
  pid: z.number().int().min(1),
  /** See `ProcessId`: with the start of the machine it tells a process from a later one of the same number. */
  born: z.string(),
  mark: z.string(),
  /** Of what it was started with. */
  fingerprint: z.string(),
  /** On the monotonic clock, which all programs of a machine share. */
  startedMs: z.number(),
  hasBeenReady: z.boolean(),
  restarts: z.number().int().min(0),
});

export type ReplicaRecord = z.output<typeof replicaRecord>;

/** Numbers and births of processes mean nothing after the machine was started anew. */
const recordFile = z.object({ boot: z.string(), replicas: z.array(replicaRecord) });

export class ReplicaRecords {
  readonly #path: string;
  readonly #files: Files;
  readonly #boot: string;

  constructor(directory: string, files: Files, boot: string) {
    this.#path = join(directory, "replicas.json");
    this.#files = files;
    this.#boot = boot;
  }

  /** Of this start of the machine. None when there is no file, or one that cannot be read: then marks have to do. */
  read(): readonly ReplicaRecord[] {
    const text = this.#files.read(this.#path);
    if (text === undefined) return [];
    const file = recordFile.safeParse(parseOrUndefined(text));
    return file.success && file.data.boot === this.#boot ? file.data.replicas : [];
  }

  /** @throws Failure `disk.full`, `state.not-writable` */
  write(replicas: readonly ReplicaRecord[]): void {
    const text = JSON.stringify({ boot: this.#boot, replicas }, undefined, 2);
    this.#files.write(this.#path, `${text}\n`, 0o600);
  }
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
