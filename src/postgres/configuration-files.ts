/** Puts the configuration into a data directory, anew at each start: addresses and ranges may have changed. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Fork } from "../model/fork.ts";
import {
  includeLeewardConf,
  renderHba,
  renderLeewardConf,
  renderPassFile,
  withLiveSettings,
} from "./configuration.ts";
import type { LiveSettings, Settings } from "./configuration.ts";
import { exists, replaceFile } from "./instance-directory.ts";
import { dataOwner, type Instance } from "./instance.ts";
import type { StartAs, Upstream } from "./postgres.ts";
import { historyFileName, historyOf } from "./timeline-history.ts";

export function settingsOf(instance: Instance, upstream: Upstream | undefined): Settings {
  return {
    timeline: "latest",
    listenHost: instance.address.host,
    listenPort: instance.address.port,
    own: instance.settings,
    slotWalKeepMegabytes: instance.slotWalKeepMegabytes,
    upstream,
    passFile: instance.paths.passFile,
  };
}

/** The server must not run. `standby.signal` is what makes it a standby, and its absence a primary. */
export async function writeConfiguration(instance: Instance, as: StartAs): Promise<void> {
  const { data } = instance.paths;
  const owner = dataOwner(instance);
  const upstream = as.kind === "secondary" ? as.upstream : undefined;
  if (upstream) await writePassFile(instance);
  const passOver = as.kind === "fenced" ? (as.passOver ?? []) : [];
  await writeHistories(instance, passOver);
  const timeline = passOver.length > 0 ? "current" : "latest";
  const leewardConf = renderLeewardConf({ ...settingsOf(instance, upstream), timeline });
  await replaceFile(join(data, "leeward.conf"), leewardConf, owner);
  await replaceFile(
    join(data, "pg_hba.conf"),
    renderHba(instance.allowFrom, instance.address.host),
    owner,
  );
  const main = join(data, "postgresql.conf");
  const present = await readFile(main, "utf8");
  const wanted = includeLeewardConf(present);
  if (wanted !== present) await replaceFile(main, wanted, owner);
  const standbySignal = join(data, "standby.signal");
  if (as.kind === "primary") await rm(standbySignal, { force: true });
  else if (!(await exists(standbySignal))) await replaceFile(standbySignal, "", owner);
}

/**
 * A promotion takes the first number above its own that has no history file, and a secondary that goes on to the new
 * timeline asks for all files between.
 */
async function writeHistories(instance: Instance, forks: readonly Fork[]): Promise<void> {
  const directory = join(instance.paths.data, "pg_wal");
  for (const { timeline } of forks) {
    const path = join(directory, historyFileName(timeline));
    if (await exists(path)) continue;
    await replaceFile(path, historyOf(timeline, forks), dataOwner(instance));
  }
}

/** What a secondary's receiver logs in with. */
export async function writePassFile(instance: Instance): Promise<void> {
  const password = instance.passwords.replicator.reveal();
  await replaceFile(instance.paths.passFile, renderPassFile(password), dataOwner(instance));
}

/** Answers whether anything had to be changed. The server takes it over by a reload. */
export async function changeLiveSettings(
  instance: Instance,
  settings: LiveSettings,
): Promise<boolean> {
  const path = join(instance.paths.data, "leeward.conf");
  const present = await readFile(path, "utf8");
  const wanted = withLiveSettings(present, settings);
  if (wanted === present) return false;
  await replaceFile(path, wanted, dataOwner(instance));
  return true;
}
