/**
 * How many replicas the measured CPU asks for: the formula of the Kubernetes HorizontalPodAutoscaler, by its public
 * description (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/, "Algorithm details").
 *
 *   desired = ceil(current × used / wanted), and nothing changes while |used / wanted − 1| ≤ tolerance
 *
 * Replicas that nobody has measured make it careful in both directions: where fewer would do, they count as using
 * exactly what is wanted; where more are needed, as using nothing. Replicas that are not ready are set aside, and count
 * as using nothing where more are needed: they will take their share. When that turns the answer round, it is "as many
 * as now".
 */
import type { Scaling } from "../model/service.ts";
import type { ReplicaUsage } from "./usage.ts";

export type Recommendation = {
  /** Before any limit. */
  readonly replicas: number;
  readonly because: string;
};

/** A mean over replicas: what they use together, in thousandths of a core, and how many they are. */
type Sum = { readonly cpuMillis: number; readonly replicas: number };

/** Undefined when nothing was measured: then nobody knows anything, and nothing changes. */
export function recommend(
  current: number,
  usage: readonly ReplicaUsage[],
  scaling: Scaling & { readonly cpuPercent: number },
): Recommendation | undefined {
  const wantedMillis = (scaling.cpuRequestMillis * scaling.cpuPercent) / 100;
  const measured = sumOf(usage);
  if (measured.replicas === 0) return undefined;
  const ratio = ratioOf(measured, wantedMillis);
  const careful = careAboutUnknown(measured, usage, ratio, wantedMillis);
  const carefulRatio = ratioOf(careful, wantedMillis);
  const said = describe(measured, careful, scaling);
  const keep = (why: string): Recommendation => ({ replicas: current, because: `${said}; ${why}` });
  if (isNear(carefulRatio, scaling.tolerance)) return keep("that is near enough");
  if (ratio > 1 !== carefulRatio > 1) return keep("what is not measured yet could turn it round");
  // As one division: ratio × replicas would round twice, and ceil makes a replica of a rounding error.
  const replicas = Math.ceil(careful.cpuMillis / wantedMillis);
  const isOpposite = carefulRatio > 1 ? replicas < current : replicas > current;
  if (isOpposite) return keep("what is not measured yet could turn it round");
  return { replicas, because: said };
}

function sumOf(usage: readonly ReplicaUsage[]): Sum {
  const measured = usage.filter((one) => one.kind === "measured");
  const cpuMillis = measured.reduce((sum, one) => sum + one.cpuMillis, 0);
  return { cpuMillis, replicas: measured.length };
}

function ratioOf({ cpuMillis, replicas }: Sum, wantedMillis: number): number {
  return cpuMillis / (replicas * wantedMillis);
}

function careAboutUnknown(
  measured: Sum,
  usage: readonly ReplicaUsage[],
  ratio: number,
  wantedMillis: number,
): Sum {
  const missing = usage.filter(({ kind }) => kind === "missing").length;
  const unready = usage.filter(({ kind }) => kind === "unready").length;
  const { cpuMillis, replicas } = measured;
  if (ratio > 1) return { cpuMillis, replicas: replicas + missing + unready };
  if (ratio === 1) return measured;
  return { cpuMillis: cpuMillis + missing * wantedMillis, replicas: replicas + missing };
}

function isNear(ratio: number, tolerance: number): boolean {
  // A rounding error of a percent's parts must not decide: 55 of 50 at a tolerance of 0.1 is near.
  return Math.abs(ratio - 1) <= tolerance + 1e-9;
}

/** `2 replicas use 312 % of 250 thousandths of a core, 50 % is wanted`. */
function describe(measured: Sum, careful: Sum, scaling: Scaling): string {
  const percent = Math.round(
    (100 * measured.cpuMillis) / (measured.replicas * scaling.cpuRequestMillis),
  );
  const others = careful.replicas - measured.replicas;
  const whose = `${measured.replicas} replica${measured.replicas === 1 ? " uses" : "s use"}`;
  const beside = others === 0 ? "" : ` (${others} more count with care)`;
  const request = `${scaling.cpuRequestMillis} thousandths of a core`;
  return `${whose} ${percent} % of ${request}${beside}, ${scaling.cpuPercent} % is wanted`;
}
