/** The commands of traffic, names and services against the real API, with a hand-made world behind it. */
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openShell } from "../../test/command-shell.ts";
import {
  exampleControls,
  exampleDistribution,
  exampleNames,
  exampleReplica,
  exampleServices,
  exampleTraffic,
} from "../../test/fake-traffic.ts";
import { MemoryLog } from "../../test/fake-world.ts";
import { east, trafficState, west, zoneSettings } from "../../test/zone-example.ts";
import { DnsServer } from "../dns/dns-server.ts";
import { NodeByteSockets } from "../env/node/byte-sockets.ts";
import { nodeClock } from "../env/node/clock.ts";
import { nodeDatagrams } from "../env/node/datagrams.ts";
import { nodeRandom } from "../env/node/random.ts";
import { Failure } from "../model/failure.ts";
import { wholeName } from "./resolve.ts";

const shell = await openShell();
const { world, leeward } = shell;

afterAll(() => shell.close());
beforeEach(() => world.reset());

test.for([
  "control list",
  "control on",
  "control off",
  "control set",
  "traffic status",
  "traffic dial",
  "traffic weight",
  "dns list",
  "resolve",
  "distribution show",
  "distribution set-origin",
  "distribution invalidate",
  "services",
  "scale",
  "scale pre",
])("the help of %s has an example and the global options", async (name) => {
  const help = await leeward([...name.split(" "), "--help"]);
  expect(help.code).toBe(0);
  expect(help.out).toMatch(new RegExp(`Examples?:\\n  leeward ${name}`));
  expect(help.out).toContain("--json");
});

test.for([
  [["control", "off"], "missing required argument 'control'"],
  [["control", "set", "us-east-1"], "NAME=On or NAME=Off"],
  [["control", "set", "us-east-1=Maybe"], "NAME=On or NAME=Off"],
  [["control", "off", "us-east-1", "--override", "at-least-one"], "--override RULE --reason TEXT"],
  [["control", "off", "us-east-1", "--reason", "because I say so"], "--override RULE"],
  [["traffic", "dial", "us-east-1", "101"], "whole number from 0 to 100"],
  [["traffic", "dial", "us-east-1", "ten"], "whole number from 0 to 100"],
  [["traffic", "weight", "us-east-1", "256"], "whole number from 0 to 255"],
  [["traffic", "weight", "us-east-1"], "missing required argument 'weight'"],
  [["resolve", "orders.writer", "--from", "us-eats-1"], "did you mean us-east-1?"],
  [["distribution", "set-origin", "us-west-2"], "--if-match <tag>' not specified"],
  [["scale", "webapp"], "missing required argument 'replicas'"],
  [["scale", "webapp", "many"], "whole number from 0 on"],
  [["scale", "webapp", "1.5"], "whole number from 0 on"],
  [["scale", "pre", "us-west-2", "0%"], "percentage from 1% to 1000%"],
  [["scale", "pre", "us-west-2", "twice"], "percentage from 1% to 1000%"],
] as const)(
  "%j is refused with the way out, exit code 64, and nothing changes",
  async ([args, told]) => {
    const { code, err } = await leeward(args);
    expect(err).toContain(told);
    expect(code).toBe(64);
    expect(world.wishes).toEqual([]);
  },
);

test.for([
  [["control", "list"], exampleControls()],
  [["traffic", "status"], exampleTraffic()],
  [["dns", "list"], exampleNames()],
  [["distribution", "show"], exampleDistribution()],
  [["services"], exampleServices()],
] as const)("%j --json is the API's answer", async ([args, expected]) => {
  const { code, out } = await leeward([...args, "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual(expected);
});

describe("control", () => {
  test("list shows each control, what it switches, and what each rule says", async () => {
    const { out } = await leeward(["control", "list"]);
    expect(out).toMatch(/CONTROL\s+STATE\s+SWITCHES\s+PANEL\nus-east-1\s+On\s+us-east-1\s+default/);
    expect(out).toMatch(
      /at-least-one\s+met\s+at least 1 control of us-east-1, us-west-2 On; waits 5\.0 s after a change\s+default/,
    );
  });

  test("off switches all that are named in one step", async () => {
    const { code, out } = await leeward(["control", "off", "us-east-1", "us-west-2"]);
    expect(code).toBe(0);
    expect(out).toBe("us-east-1 is Off\nus-west-2 is Off\n");
    expect(world.wishes).toEqual([
      {
        what: "controls",
        controls: [
          { name: "us-east-1", state: "Off" },
          { name: "us-west-2", state: "Off" },
        ],
      },
    ]);
  });

  test("set moves from one Region to the other, and says what was so already", async () => {
    const { out } = await leeward(["control", "set", "us-west-2=on", "us-east-1=OFF"]);
    expect(out).toBe("us-west-2 is On already\nus-east-1 is Off\n");
  });

  test("an override names its rules and its reason, and says what was overridden", async () => {
    const override = ["--override", "at-least-one", "--override", "slowly", "--reason", "a drill"];
    const { out } = await leeward(["control", "off", "us-east-1", ...override]);
    expect(out).toContain(
      "rule at-least-one of panel default was overridden: at least 1 of its 2 controls must be On",
    );
    expect(world.wishes[0]).toMatchObject({
      override: { rules: ["at-least-one", "slowly"], reason: "a drill" },
    });
  });

  test("a rule that refuses exits with its code and what to do next", async () => {
    world.onWish = () => {
      throw new Failure("control.rule-failed", "Could not switch us-east-1 Off");
    };
    const { code, err } = await leeward(["control", "off", "us-east-1"]);
    expect(code).toBe(75);
    expect(err).toContain("error: Could not switch us-east-1 Off\nhint: Nothing was changed.");
  });
});

describe("traffic", () => {
  test("status shows the entries, each Region and each service", async () => {
    const traffic = exampleTraffic();
    const slow = traffic.regions["us-west-2"];
    if (slow) Object.assign(slow, { dial: 10, isOn: false, revision: 3, endpoint: null });
    world.trafficNow = traffic;
    const { out } = await leeward(["traffic", "status"]);
    expect(out).toContain("global entry  http://127.0.0.1:8080\n");
    expect(out).toMatch(
      /us-east-1\s+On\s+100 %\s+128\s+healthy\s+3\s+0\s+1204\s+0\s+7\s+127\.0\.1\.1:8080\s+it answers 200/,
    );
    expect(out).toMatch(
      /us-west-2\s+Off\s+10 %\s+128\s+not known\s+127\.0\.2\.1:8080 \(its front door follows 3\)/,
    );
    expect(out).toMatch(/webapp\s+us-east-1\s+On\s+healthy\s+2\s+3\s+1204\s+0\s+2 replicas/);
  });

  test("dial and weight change one thing each", async () => {
    const { out } = await leeward(["traffic", "dial", "us-east-1", "10%"]);
    expect(out).toBe("us-east-1 has a dial of 10 % and a weight of 128\n");
    await leeward(["traffic", "weight", "us-west-2", "0"]);
    expect(world.wishes).toEqual([
      { what: "traffic", region: "us-east-1", dial: 10 },
      { what: "traffic", region: "us-west-2", weight: 0 },
    ]);
  });
});

describe("dns", () => {
  test("list shows where both names lead, and who sees it", async () => {
    const { out } = await leeward(["dns", "list"]);
    expect(out).toMatch(/orders\.writer\.leeward\.internal\s+us-east-1\s+2\s+in 2 Regions/);
    expect(out).toMatch(/orders\.reader\.leeward\.internal\s+us-east-1, us-west-2\s+2\s+in 2/);
    expect(out).toMatch(/outside\s+127\.0\.0\.1:5300/);
  });

  test("list says which Region does not see it, and why", async () => {
    const names = exampleNames();
    const checks = names.databases["orders"]?.checks ?? {};
    checks["us-east-1"] = { isVerified: true, version: 1, because: "both answer" };
    checks["us-west-2"] = { isVerified: false, version: 2, because: "connection refused" };
    world.namesNow = names;
    const { out } = await leeward(["dns", "list"]);
    expect(out).toContain("not in us-east-1: knows version 1; us-west-2: connection refused");
  });

  test("a name gets the zone unless it is whole", () => {
    const zone = "leeward.internal";
    expect(wholeName("orders.writer", zone)).toBe("orders.writer.leeward.internal");
    expect(wholeName("orders.writer.Leeward.Internal", zone)).toBe(
      "orders.writer.Leeward.Internal",
    );
    expect(wholeName("leeward.internal", zone)).toBe("leeward.internal");
    expect(wholeName("example.org.", zone)).toBe("example.org");
    expect(wholeName("notleeward.internal", zone)).toBe("notleeward.internal.leeward.internal");
  });
});

describe("resolve", () => {
  test("a world without DNS says so, and how to get it", async () => {
    world.namesNow = { ...exampleNames(), views: [] };
    const { code, err } = await leeward(["resolve", "orders.writer"]);
    expect(code).toBe(64);
    expect(err).toContain("This world answers for no names: `traffic: {}`");
  });

  /** Nobody else of this machine listens there: the third number is this process's. */
  const host = (view: number): string => `127.91.${process.pid % 256}.${view}`;
  const end = new AbortController();
  const sockets = new NodeByteSockets({ clock: nodeClock, onAcceptError: () => undefined });
  const io = { clock: nodeClock, random: nodeRandom, sockets, datagrams: nodeDatagrams };

  afterAll(() => end.abort());

  /** A server for each view, on the state of the example zone. */
  async function serve(): Promise<void> {
    const views: { region: string | null; dns: { address: string; port: number } }[] = [];
    for (const [index, region] of [undefined, east, west].entries()) {
      const address = { host: host(index + 1), port: 5_300 };
      const server = new DnsServer({ ...io, log: new MemoryLog() }, zoneSettings(region));
      server.follow(trafficState());
      await server.listen(address, end.signal);
      views.push({ region: region ?? null, dns: { address: address.host, port: address.port } });
    }
    world.namesNow = { ...exampleNames(), views };
  }

  test("asks the server of the Region, prints the chain, and tells programs the address", async () => {
    await serve();
    const seenFrom = async (...args: readonly string[]): Promise<unknown> => {
      const { out } = await leeward(["resolve", "orders.writer", ...args, "--json"]);
      return JSON.parse(out) as unknown;
    };
    expect(await seenFrom("--from", west)).toEqual({
      name: "orders.writer.leeward.internal",
      chain: [
        {
          name: "orders.writer.leeward.internal",
          type: "CNAME",
          data: `gateway.${east}.leeward.internal`,
          ttl: 1,
        },
        { name: `gateway.${east}.leeward.internal`, type: "A", data: "127.7.2.101", ttl: 1 },
      ],
      address: "127.7.2.101",
      ttl: 1,
    });
    expect(await seenFrom()).toMatchObject({ address: "127.7.1.1" });
    const { out } = await leeward(["resolve", "orders.writer", "--from", east]);
    expect(out).toMatch(/orders\.writer\.leeward\.internal\s+CNAME\s+gateway\..*\s+ttl 1\n/);
    expect(out).toMatch(/gateway\..*\s+A\s+127\.7\.1\.1\s+ttl 1\n/);
    const unknown = await leeward(["resolve", "nobody.writer", "--from", east]);
    expect(unknown.code).not.toBe(0);
    expect(unknown.err).toContain("knows no name nobody.writer.leeward.internal");
  });
});

describe("distribution", () => {
  test("set-origin moves by the tag that was seen, and shows the next one", async () => {
    const move = ["distribution", "set-origin", "us-west-2", "--if-match"];
    const { code, out } = await leeward([...move, "first-us-east-1"]);
    expect(code).toBe(0);
    expect(out).toMatch(/origin\s+us-west-2\ntag\s+0b1e\n/);
    const late = await leeward([...move, "first-us-east-1", "--force"]);
    expect(late.code).toBe(75);
    expect(late.err).toContain("it is us-west-2 with the tag 0b1e, not first-us-east-1");
    expect(world.wishes.map(({ force }) => force)).toEqual([false, true]);
  });

  test("invalidate counts on", async () => {
    const { out } = await leeward(["distribution", "invalidate"]);
    expect(out).toMatch(/invalidations\s+1\n/);
  });

  test("a world without one says how to get one", async () => {
    world.distributionNow = undefined;
    const { code, err } = await leeward(["distribution", "show"]);
    expect(code).toBe(64);
    expect(err).toContain("Add `traffic.distribution` to leeward.yaml");
  });
});

describe("services", () => {
  test("shows how many are ready of how many, why, and each replica", async () => {
    const services = exampleServices();
    const here = services.services["webapp"]?.regions["us-west-2"];
    const starting = exampleReplica(2, { state: "starting", cpuMillis: null, because: "" });
    const waiting = exampleReplica(3, {
      state: "waiting",
      pid: null,
      restarts: 4,
      because: "it ended with code 1, and is started again in 8 s",
    });
    if (here) {
      here.target = 3;
      here.by = "warming";
      here.hold = { replicas: 3, leftMs: 300_000 };
      here.replicas = [exampleReplica(1), starting, waiting];
    }
    world.servicesNow = services;
    const { out } = await leeward(["services"]);
    expect(out).toMatch(/webapp\s+us-east-1\s+2 of 2\s+2 to 20\s+50 %\s+config\s+2 replicas use/);
    expect(out).toMatch(
      /us-west-2\s+1 of 3\s+2 to 20\s+50 %\s+warming\s+held warm at 3 for 5 min;/,
    );
    expect(out).toMatch(/webapp\/us-west-2\/1\s+ready\s+4001\s+0\s+62m\s+2 min 5 s/);
    expect(out).toMatch(/webapp\/us-west-2\/3\s+waiting\s+4\s+62m\s+it ended with code 1/);
  });

  test("shows a Region that is not heard with what it is to have", async () => {
    const services = exampleServices();
    const here = services.services["webapp"]?.regions["us-west-2"];
    if (here) here.replicas = null;
    world.servicesNow = services;
    const { out } = await leeward(["services"]);
    expect(out).toMatch(/us-west-2\s+\? of 2\s+.*its Region is not heard/);
    world.servicesNow = { services: {} };
    expect((await leeward(["services"])).out).toBe("This world has no services.\n");
  });
});

describe("scale", () => {
  test("sets a number everywhere, or in one Region", async () => {
    const { out } = await leeward(["scale", "webapp", "4"]);
    expect(out).toBe(
      "webapp in us-east-1: 4 replicas, before 2\nwebapp in us-west-2: 4 replicas, before 2\n",
    );
    const one = await leeward(["scale", "webapp", "2", "--region", "us-west-2"]);
    expect(one.out).toBe("webapp in us-west-2: 2 replicas already\n");
    expect(world.wishes).toEqual([
      { what: "replicas", service: "webapp", replicas: 4 },
      { what: "replicas", service: "webapp", replicas: 2, region: "us-west-2" },
    ]);
  });

  test("pre warms a Region and says for how long", async () => {
    const { out } = await leeward(["scale", "pre", "us-west-2", "200%"]);
    expect(out).toBe(
      [
        "webapp in us-west-2: 12 replicas, before 2 (200 % of the 6 that the busiest Region has)",
        "us-west-2 stays warm for 10 min; `leeward services` shows when they are ready",
        "",
      ].join("\n"),
    );
    expect(world.wishes).toEqual([{ what: "prescale", region: "us-west-2", percent: 200 }]);
  });

  test("--json is what the API answered", async () => {
    const { out } = await leeward(["scale", "webapp", "4", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ service: "webapp", changes: [{ from: 2, to: 4 }, {}] });
    const warmed = await leeward(["scale", "pre", "us-west-2", "150%", "--json"]);
    expect(JSON.parse(warmed.out)).toMatchObject({ percent: 150, holdMs: 600_000 });
  });
});
