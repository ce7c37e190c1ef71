import { expect, test } from "vitest";
import { nodeClock } from "../env/node/clock.ts";
import { spawnDetached, type Detached } from "../env/node/detached.ts";
import { nodeLog } from "../env/node/log.ts";
import { keepGuard } from "./guard-keeper.ts";

const doors = { clock: nodeClock, log: nodeLog("test", "error") };

test("a guard that is killed is started again, and the last one ends with the signal", async () => {
  const end = new AbortController();
  const started: Detached[] = [];
  const kept = keepGuard(
    () => {
      const guard = spawnDetached(["sleep", "60"]);
      started.push(guard);
      return guard;
    },
    doors,
    end.signal,
  );
  const [first] = started;
  first?.kill();
  expect(await first?.ended).toBe("killed by SIGKILL");
  await expect.poll(() => started.length, { timeout: 5_000 }).toBe(2);
  end.abort();
  await kept;
  expect(await started[1]?.ended).toBe("killed by SIGKILL");
  expect(started).toHaveLength(2);
});

test("a guard that cannot be started does not end the agent, and its tries end with the signal", async () => {
  const end = new AbortController();
  let tries = 0;
  const kept = keepGuard(
    () => {
      tries += 1;
      return spawnDetached(["/there/is/no/such/program"]);
    },
    doors,
    end.signal,
  );
  await expect.poll(() => tries, { timeout: 5_000 }).toBe(2);
  end.abort();
  await kept;
});
