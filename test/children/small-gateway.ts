/**
 * A gateway without clients, as its agent sees one: listens at its address, asks for routes, answers holds, ends when
 * its Region does. Its last argument is the file that says where; what it is told goes into `<file>.told`, a line each.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { nodeClock } from "../../src/env/node/clock.ts";
import { NodeNetwork } from "../../src/env/node/network.ts";
import { isProcessAlive } from "../../src/env/node/process-life.ts";
import type { Json } from "../../src/env/env.ts";
import { decode, encode } from "../../src/wire/codec.ts";
import {
  gatewayQuestion,
  watchAnswer,
  type GatewayQuestion,
} from "../../src/wire/gateway-protocol.ts";

type Settings = {
  readonly listen: { readonly host: string; readonly port: number };
  readonly agent: { readonly host: string; readonly port: number };
  readonly token: string;
};

const path = process.argv.at(-1) ?? "";
const settings = JSON.parse(readFileSync(path, "utf8")) as Settings;
const never = new AbortController().signal;
const network = new NodeNetwork({ clock: nodeClock, onBug: () => process.exit(70) });
/** 75 when its address is taken, as the real one. */
createServer()
  .on("error", () => process.exit(75))
  .listen(settings.listen);

function ask(question: GatewayQuestion): Promise<Json> {
  const options = { token: settings.token, timeoutMs: 5_000 };
  return network.request(settings.agent, encode(gatewayQuestion, question), options, never);
}

const pid = process.pid;
const answered = new Set<string>();
let hostPid = process.ppid;
let after = 0;
for (;;) {
  try {
    const answer = await ask({ kind: "watch", pid, after, counters: [] });
    const told = decode(watchAnswer, "the agent's answer", answer);
    if (told.version !== after) appendFileSync(`${path}.told`, `${JSON.stringify(answer)}\n`);
    after = told.version;
    hostPid = told.hostPid;
    if (told.isLeaving) process.exit(0);
    for (const { database, hold } of told.routes) {
      if (!hold || answered.has(hold.id)) continue;
      answered.add(hold.id);
      const because = "nothing is linked";
      await ask({ kind: "hold-outcome", database, id: hold.id, isHeld: true, because });
    }
  } catch {
    await nodeClock.sleep(100, never);
  }
  if (!isProcessAlive(hostPid)) process.exit(0);
}
