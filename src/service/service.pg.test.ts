import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ServiceBench } from "../../test/service/service-bench.ts";
import { isProcessAlive } from "../env/node/process-life.ts";
import { addressOf } from "./launch.ts";
import { markedProcesses, readProcessTable } from "./process-table.ts";
import { logBytesMax, logsKept } from "./replica-log.ts";
import type { DatabaseId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";

let bench: ServiceBench;

beforeEach(async () => {
  bench = await ServiceBench.open();
});

afterEach(() => bench.close());

const shell = (script: string): readonly string[] => ["sh", "-c", script];
const soon = (): AbortSignal => AbortSignal.timeout(20_000);
const target = (service: string, replicas: number) => ({
  service: service as ServiceId,
  region: "us-east-1" as never,
  replicas,
});

test("a service that is killed is there again, as another process at the same address", async () => {
  const services = bench.start(bench.settings({}));
  const first = await bench.ready();
  const [before] = services.running();
  process.kill(first, "SIGKILL");
  await bench.until("another process", () => ![undefined, first].includes(bench.facts()?.pid));
  await bench.ready();
  expect(services.running()).toEqual([before]);
  expect(bench.facts()?.restarts).toBe(1);
  expect(bench.events.map(({ kind }) => kind)).toEqual(["service.replica-failed"]);
});

test("more replicas are started, and fewer are stopped from the end", async () => {
  const services = bench.start(bench.settings({ replicas: 3 }));
  const first = await bench.ready();
  services.setTargets([target("web", 3)]);
  await Promise.all([bench.ready("web", 2), bench.ready("web", 3)]);
  const others = [bench.pid("web", 2), bench.pid("web", 3)];
  services.setTargets([target("web", 1)]);
  await bench.until("two are gone", () => services.facts().length === 1);
  expect(others.some(isProcessAlive)).toBe(false);
  expect(bench.pid()).toBe(first);
  services.setTargets([target("web", 99)]);
  await bench.until("as many as there are addresses", () => services.running().length === 3);
});

test("a service that is never ready is ended and started again, and its last words are told", async () => {
  const said = "echo cannot find the answer; exec sleep 1000";
  bench.start(bench.settings({ command: shell(said), startMs: 300 }));
  await bench.until("an event", () => bench.events.length > 0);
  const [event] = bench.events;
  expect(event?.kind).toBe("service.replica-failed");
  expect(event?.message).toContain("it was not ready within 300 ms");
  expect(event?.message).toContain("its last words: cannot find the answer");
  await bench.until("it is tried again", () => bench.facts()?.state === "starting");
});

test("a service that ends at once does not spin, and is told of four times at most", async () => {
  const settings = bench.settings({ command: shell("echo no config; exit 3") });
  bench.start(settings);
  await bench.until("six tries", () => (bench.facts()?.restarts ?? 0) >= 6);
  const kinds = bench.events.map(({ kind }) => kind);
  expect(kinds).toEqual([
    ...Array<string>(3).fill("service.replica-failed"),
    "service.crash-looping",
  ]);
  expect(bench.events[0]?.message).toContain("exited with code 3; its last words: no config");
  expect(bench.facts()?.state).toBe("waiting");
});

test("a command that is not there is told of by its name", async () => {
  bench.start(bench.settings({ command: ["no-such-program"] }));
  await bench.until("an event", () => bench.events.length > 0);
  expect(bench.events[0]?.message).toContain("no-such-program could not be started in");
});

test("nothing survives a stop that ignores SIGTERM: forks, sessions of their own, daemons", async () => {
  // A child in its group, one in a session of its own, and one that its parent has left besides.
  const script = `trap '' TERM; sleep 1001 & setsid sleep 1002 & (setsid sh -c 'sleep 1003 & exit' &)
    exec ${bench.web.join(" ")}`;
  const services = bench.start(bench.settings({ command: shell(script), stopMs: 300 }));
  await bench.ready();
  await bench.until("all of it runs", () => bench.strays.length === 4);
  const all = bench.strays;
  await services.leave(soon());
  expect(all.filter(isProcessAlive)).toEqual([]);
});

test("what a service leaves behind when it ends by itself is ended before it starts again", async () => {
  const script = "setsid sleep 1004 & sleep 1005 & sleep 0.2; exit 1";
  bench.start(bench.settings({ command: shell(script), path: undefined }));
  await bench.until("three tries", () => (bench.facts()?.restarts ?? 0) >= 3);
  // Of the present one: the shell, its two children, and the one that waits.
  expect(bench.strays.length).toBeLessThanOrEqual(4);
});

test("a service has its time to stop, and is not killed before", async () => {
  const path = join(bench.directory, "good-bye");
  const script = `trap 'sleep 0.5; echo bye > ${path}; exit 0' TERM; while :; do sleep 0.05; done`;
  const services = bench.start(bench.settings({ command: shell(script), path: undefined }));
  await bench.until("it runs", () => bench.facts()?.state === "starting");
  await bench.until("it has set its trap", () => bench.strays.length > 1);
  await services.leave(soon());
  expect(readFileSync(path, "utf8")).toBe("bye\n");
});

test("a replica that is to end is sent nothing new, and is not told so while somebody waits for it", async () => {
  const path = join(bench.directory, "told");
  const script = `trap 'echo told > ${path}; kill $!; exit 0' TERM; ${bench.web.join(" ")} & wait`;
  const services = bench.start(bench.settings({ command: shell(script) }));
  const pid = await bench.ready();
  bench.busy.add("web");
  services.setTargets([target("web", 0)]);
  await bench.until("it is to end", () => bench.facts()?.state === "stopping");
  expect(services.running()).toEqual([]);
  // Several looks of its keeper later it still does what it was asked for.
  await sleep(300);
  expect([isProcessAlive(pid), existsSync(path)]).toEqual([true, false]);
  bench.busy.clear();
  await bench.until("it is gone", () => bench.facts() === undefined);
  expect(readFileSync(path, "utf8")).toBe("told\n");
  expect(bench.events).toEqual([]);
});

test("a service starts after those that it needs, and ends before them", async () => {
  const order = join(bench.directory, "order");
  writeFileSync(order, "");
  const noting = (name: string): readonly string[] =>
    shell(
      `trap 'echo ${name} ends >> ${order}; kill $!; exit 0' TERM; echo ${name} starts >> ${order}; ${bench.web.join(" ")} & wait`,
    );
  const services = bench.start(
    bench.settings({ name: "web", command: noting("web"), needs: ["queue"] }),
    bench.settings({ name: "queue", command: noting("queue") }),
  );
  await bench.ready("queue");
  await bench.ready("web");
  await services.leave(soon());
  expect(readFileSync(order, "utf8")).toBe("queue starts\nweb starts\nweb ends\nqueue ends\n");
});

test("what ended before it was told to is not started again when all of it leaves", async () => {
  const slow = `trap 'sleep 1; exit 0' TERM; ${bench.web.join(" ")} & wait`;
  const services = bench.start(
    bench.settings({ name: "web", command: shell(slow), needs: ["queue"] }),
    bench.settings({ name: "queue" }),
  );
  const queue = await bench.ready("queue");
  await bench.ready("web");
  const leaving = services.leave(soon());
  process.kill(queue, "SIGKILL");
  let wasThereAgain = false;
  const look = async (): Promise<void> => {
    while (bench.facts("web")?.pid !== undefined) {
      wasThereAgain ||= ![undefined, queue].includes(bench.facts("queue")?.pid);
      await sleep(10);
    }
  };
  await Promise.all([leaving, look()]);
  expect(wasThereAgain).toBe(false);
});

test("a service waits for its databases, and says so", async () => {
  const services = bench.start(bench.settings({ name: "web", needsDatabases: ["orders"] }));
  await bench.until("it waits", () => bench.facts()?.because.includes("orders") === true);
  expect(bench.facts()).toMatchObject({ state: "waiting", pid: undefined, restarts: 0 });
  bench.databases.add("orders" as DatabaseId);
  services.lookAgain();
  await bench.ready("web");
  // It goes on without it: that is its own affair.
  bench.databases.clear();
  services.lookAgain();
  expect(bench.facts()?.state).toBe("ready");
});

test("an agent that comes later goes on with the same processes", async () => {
  const settings = bench.settings({ replicas: 2, min: 2 });
  bench.start(settings);
  const before = [await bench.ready("web", 1), await bench.ready("web", 2)];
  await bench.drop();
  expect(before.every(isProcessAlive)).toBe(true);
  const services = bench.start(settings);
  await bench.until("both are known", () => services.running().length === 2);
  expect([bench.pid("web", 1), bench.pid("web", 2)]).toEqual(before);
  expect(bench.events).toEqual([]);
  process.kill(before[0] ?? 0, "SIGKILL");
  await bench.until(
    "its end is noticed",
    () => ![before[0], undefined].includes(bench.facts()?.pid),
  );
});

test("it starts anew what is to be something else now, and ends what nobody wrote down", async () => {
  const settings = bench.settings({});
  bench.start(settings);
  const before = await bench.ready();
  await bench.drop();
  bench.start({ ...settings, command: [...settings.command, "more"] });
  await bench.until("another process", () => ![undefined, before].includes(bench.facts()?.pid));
  const second = await bench.ready();
  await bench.drop();
  writeFileSync(join(bench.servicesDirectory, "replicas.json"), "{ half a file");
  bench.start(settings);
  const third = await bench.ready();
  expect([before, second].filter(isProcessAlive)).toEqual([]);
  expect(bench.strays).toEqual([third]);
});

test("an agent that comes to leave ends what an earlier one started", async () => {
  const settings = bench.settings({});
  const services = bench.start(settings);
  const pid = await bench.ready();
  await bench.drop();
  await services.leave(soon());
  expect(isProcessAlive(pid)).toBe(false);
});

test("secrets are in the environment and the password file alone", async () => {
  const secrets = ["t0ken-in-the-environment", "w0rd-in-the-file"];
  const [token = "", word = ""] = secrets;
  const script = `echo "token $TOKEN"; cat "$PGPASSFILE"; exec ${bench.web.join(" ")}`;
  const settings = bench.settings({
    command: shell(script),
    environment: { TOKEN: token },
    pgpass: [`*:*:orders:app:${word}`],
  });
  const services = bench.start(settings);
  const pid = await bench.ready();
  process.kill(pid, "SIGKILL");
  await bench.until("its end is told", () => bench.events.length > 0);
  expect(bench.events[0]?.message).toContain("token ***; *:*:orders:app:***");
  await bench.ready();
  const seen = [
    execFileSync("ps", ["-ef"], { encoding: "utf8" }),
    JSON.stringify([services.facts(), bench.events]),
    readFileSync(join(bench.servicesDirectory, "replicas.json"), "utf8"),
  ];
  for (const secret of secrets) {
    expect(seen.filter((text) => text.includes(secret))).toEqual([]);
  }
  expect(statSync(join(settings.directory, "pgpass")).mode & 0o777).toBe(0o600);
  expect(statSync(join(bench.servicesDirectory, "web-1.log")).mode & 0o777).toBe(0o600);
});

test("a service that prints far more than its log may hold does not fill the disk", async () => {
  const [pieces, pieceBytes] = [5, 40_000_000];
  const path = join(bench.servicesDirectory, "web-1.log");
  const printed = join(bench.directory, "printed");
  // In step with whoever bounds its log, however slow that is: with too much in it, it waits before the next piece.
  const script = `for i in $(seq ${pieces}); do head -c ${pieceBytes} /dev/zero
    while [ $(stat -c %s ${path}) -gt ${logBytesMax} ]; do sleep 0.05; done; done
    touch ${printed}; exec sleep 1000`;
  bench.start(bench.settings({ command: shell(script), path: undefined, startMs: 60_000 }));
  const names = [path, `${path}.1`, `${path}.2`, `${path}.3`];
  let largest = 0;
  const look = (): boolean => {
    const sizes = names.map((name) => statSync(name, { throwIfNoEntry: false })?.size ?? 0);
    largest = Math.max(
      largest,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    return existsSync(printed);
  };
  await bench.until("all is printed", look, 40_000);
  expect(largest).toBeLessThanOrEqual((1 + logsKept) * logBytesMax + pieceBytes);
});

test("one that hangs is unready and is let live, and is ready again when it answers", async () => {
  bench.start(bench.settings({}));
  const pid = await bench.ready();
  process.kill(pid, "SIGSTOP");
  await bench.until("it is unready", () => bench.facts()?.state === "unready");
  process.kill(pid, "SIGCONT");
  expect(await bench.ready()).toBe(pid);
  expect(bench.events.map(({ kind }) => kind)).toEqual(["service.replica-unready"]);
});

test("what a replica uses of a core is measured, with its children", async () => {
  const command = shell("while :; do :; done & exec sleep 1008");
  bench.start(bench.settings({ command, path: undefined, startMs: 60_000 }));
  await bench.until("it runs", () => bench.facts()?.pid !== undefined);
  const [leader, fromMs] = [bench.pid(), performance.now()];
  // Of a busy machine a child gets no more than a share; how much that is, the kernel says in hundredths of a second.
  const millisOfChild = (): number => {
    const ticks = readProcessTable().find(({ parent }) => parent === leader)?.ticks ?? 0;
    return (ticks * 10 * 1_000) / (performance.now() - fromMs);
  };
  await bench.until("it is measured", () => {
    const millis = millisOfChild();
    return millis > 0 && (bench.facts()?.cpuMillis ?? 0) > millis / 2;
  });
  expect(bench.facts()?.cpuMillis).toBeLessThan(2_100);
});

test("all of it is killed at once, whatever it does", async () => {
  const script = `trap '' TERM; setsid sleep 1006 & exec ${bench.web.join(" ")}`;
  const services = bench.start(bench.settings({ command: shell(script), replicas: 2, min: 2 }));
  await Promise.all([bench.ready("web", 1), bench.ready("web", 2)]);
  expect(bench.strays).toHaveLength(4);
  services.killAll();
  await bench.until("nothing is left", () => bench.strays.length === 0, 2_000);
  expect(markedProcesses("no such mark")).toEqual([]);
});

test("one that is being started when all is killed is not left running", async () => {
  const settings = bench.settings({ command: ["sleep", "1007"], path: undefined });
  for (const afterMs of [0, 1, 2, 3, 5, 8, 13]) {
    const services = bench.start(settings);
    await sleep(afterMs);
    services.killAll();
    await bench.drop();
    await bench.until("nothing is left", () => bench.strays.length === 0, 2_000);
    expect(services.running()).toEqual([]);
  }
});

test("a replica is told its own port, and answers there", async () => {
  const settings = bench.settings({ replicas: 2, min: 2 });
  bench.start(settings);
  await Promise.all([bench.ready("web", 1), bench.ready("web", 2)]);
  const { host, port } = addressOf(settings, 2);
  const text = await new Promise<string>((resolve, reject) => {
    get({ host, port, agent: false }, (response) => {
      response.setEncoding("utf8").once("data", resolve);
    }).on("error", reject);
  });
  expect(text).toBe(`2 ${bench.pid("web", 2)}`);
});
