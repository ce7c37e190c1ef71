import { expect, test } from "vitest";
import { SessionChannels } from "./session-channels.ts";
import { SessionSettings } from "./session-settings.ts";
import { SessionTransaction } from "./session-transaction.ts";

function session() {
  const transaction = new SessionTransaction(SessionSettings.none);
  const [told, asked, overflows]: [string[], Set<string>, number[]] = [[], new Set(), []];
  const channels = new SessionChannels(
    {
      listen: (channel) => Promise.resolve(void asked.add(channel)),
      unlisten: (channel) => void asked.delete(channel ?? ""),
    },
    transaction,
    {
      write: (message) => told.push(message.toString()),
      isFree: () => transaction.phase.kind === "idle",
      overflow: (bytes) => overflows.push(bytes),
    },
  );
  const listen = async (channel: string): Promise<void> => {
    await channels.listen(channel);
    transaction.listen(channel);
  };
  const hear = (channel: string): void => channels.notified(channel, Buffer.from(channel));
  return { transaction, told, asked, overflows, channels, listen, hear };
}

test("what is listened to in a transaction is heard from its commit on", async () => {
  const { transaction, channels, listen, hear, told } = session();
  transaction.defer("BEGIN", false);
  await listen("a");
  hear("a");
  transaction.endHere(true);
  channels.changed();
  expect(told).toEqual([]);
  hear("a");
  expect(told).toEqual(["a"]);
});

test("a rollback takes LISTEN and UNLISTEN back, to a savepoint as well", async () => {
  const { transaction, channels, listen, asked } = session();
  await listen("kept");
  transaction.ended([{ kind: "begin", isReadOnly: false }], false, "T");
  await listen("a");
  transaction.ended([{ kind: "savepoint", name: "s" }], false, "T");
  await listen("b");
  transaction.unlisten(undefined);
  transaction.ended([{ kind: "rollback-to", name: "s" }], false, "T");
  channels.changed();
  expect([...transaction.channels]).toEqual(["kept", "a"]);
  expect([...asked]).toEqual(["kept", "a"]);
  transaction.ended([{ kind: "rollback", chains: false }], false, "I");
  channels.changed();
  expect([...asked]).toEqual(["kept"]);
});

test("inside a transaction notifications wait, in order, for its end", async () => {
  const { transaction, channels, listen, hear, told } = session();
  await listen("a");
  await listen("b");
  transaction.defer("BEGIN", false);
  hear("a");
  hear("b");
  expect(told).toEqual([]);
  transaction.endHere(false);
  channels.deliver();
  expect(told).toEqual(["a", "b"]);
});

test("a session that lets 8 MiB of notifications wait is ended", async () => {
  const { transaction, channels, listen, overflows } = session();
  await listen("a");
  transaction.defer("BEGIN", false);
  for (let sent = 0; sent < 9; sent += 1) channels.notified("a", Buffer.alloc(1_048_576));
  expect(overflows).toEqual([8_388_608]);
});
