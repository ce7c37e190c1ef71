import { expect, test } from "vitest";
import { renderMetrics } from "./metrics.ts";

const west = {
  region: "us-west-2",
  age_ms: 412.34,
  transit_ms: -0.2,
  is_subscribed: true,
  is_running: true,
  failures: 1,
};
const states = [{ region: "us-west-2", kind: "streams", because: "" }] as const;

test("the latency of replication is a gauge for each other Region", () => {
  const text = renderMetrics([west], 7, states);
  expect(text).toContain('retail_carts_replication_ms{from="us-west-2"} 412.3\n');
  expect(text).toContain('retail_carts_transit_ms{from="us-west-2"} 0\n');
  expect(text).toContain('retail_carts_subscription_up{from="us-west-2"} 1\n');
  expect(text).toContain('retail_carts_upkeep{from="us-west-2",state="streams"} 1\n');
  expect(text).toContain("retail_carts_changes_applied_total 7\n");
  expect(text).toMatch(/^(#.*\n|[a-z_]+(\{[^}]*\})? -?[\d.]+\n)+$/);
});

test("before the first heartbeat there is no latency, rather than a good one", () => {
  const text = renderMetrics(
    [{ ...west, age_ms: null, transit_ms: null, is_running: false }],
    0,
    states,
  );
  expect(text).not.toMatch(/^retail_carts_(replication|transit)_ms\{/m);
  expect(text).toContain('retail_carts_subscription_up{from="us-west-2"} 0\n');
});
