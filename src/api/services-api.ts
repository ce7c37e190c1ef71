/** The part of the HTTP contract about the application's processes, and the one call that moves a database. */
import { z } from "zod";
import { replicaStates } from "../model/service.ts";
import { operation } from "./operations-api.ts";
import { amount, givenName, orNull, text } from "./schema-words.ts";

const replica = z
  .object({
    number: z.number().int(),
    state: z.enum(replicaStates).meta({
      description:
        "`starting`: it has not been ready yet. `unready`: it was, and does not answer its check any more. `waiting`: it ended, and is started again after a pause. `stopping`: it was told to end.",
    }),
    because: z.string(),
    pid: orNull(z.number().int()),
    restarts: z.number().int(),
    ageMs: amount("Of the present process, in ms."),
    cpuMillis: orNull(amount("Thousandths of a core; null before it was measured.")),
  })
  .meta({ id: "Replica" });

const serviceInRegion = z
  .object({
    target: amount("How many replicas it is to have."),
    by: z.enum(["config", "person", "load", "warming"]).meta({
      description:
        "Whose number that is. `config`: nobody has changed it. `warming`: the Region was warmed.",
    }),
    because: text("What was found at the last look; empty before the first."),
    recommended: orNull(amount("What the load asked for then, before any limit.")),
    hold: orNull(
      z.object({
        replicas: amount("Not fewer than these."),
        leftMs: amount("For so long, in ms."),
      }),
    ).meta({ description: "While the Region is held warm." }),
    replicas: orNull(z.array(replica)).meta({ description: "Null: its Region is not heard." }),
  })
  .meta({ id: "ServiceInRegion" });

const service = z
  .object({
    min: amount("Replicas in a Region."),
    max: amount("Replicas in a Region."),
    cpuPercent: orNull(
      amount(
        "What they are to use of `cpuRequestMillis`; null: only a person changes their number.",
      ),
    ),
    cpuRequestMillis: amount("Thousandths of a core that one replica is meant to use."),
    regions: z.record(z.string(), serviceInRegion),
  })
  .meta({ id: "Service" });

export const serviceList = z
  .object({ services: z.record(z.string(), service) })
  .meta({ id: "ServiceList" });

export const serviceParams = z.object({ service: givenName() });

export const replicasChange = z
  .strictObject({
    region: givenName().optional().meta({ description: "Left out: every Region that has it." }),
    replicas: z.number().int().min(0),
  })
  .meta({
    id: "ReplicasChange",
    examples: [{ replicas: 4 }, { region: "us-west-2", replicas: 4 }],
  });

const move = { from: amount("Replicas before."), to: amount("Replicas now.") };

export const replicasResult = z
  .object({
    service: z.string(),
    changes: z.array(z.object({ region: z.string(), ...move })),
  })
  .meta({ id: "ReplicasResult" });

export const prescale = z
  .strictObject({
    percent: z.number().int().min(1).max(1_000).meta({
      description: "200: twice what the Region has that carries the most.",
    }),
  })
  .meta({ id: "Prescale", examples: [{ percent: 200 }] });

export const prescaleResult = z
  .object({
    region: z.string(),
    percent: z.number(),
    holdMs: amount("For so long it has no fewer, in ms."),
    services: z.array(
      z.object({
        service: z.string(),
        ...move,
        of: amount("What the percentage was taken of."),
        because: z.string(),
      }),
    ),
  })
  .meta({ id: "PrescaleResult" });

export const moveRequest = z
  .strictObject({
    to: givenName("The Region that is to be the primary."),
    from: givenName().optional().meta({
      description:
        "Refused when another Region is the primary by now, unless that is `to`: then it is done already.",
    }),
    allowDataLoss: z.boolean().default(false).meta({
      description: "Needed where the primary does not answer, so that only a failover is left.",
    }),
  })
  .meta({ id: "MoveRequest", examples: [{ to: "us-west-2", allowDataLoss: true }] });

export const moveResult = z
  .object({
    database: z.string(),
    to: z.string(),
    isDone: z.boolean().meta({
      description: "`to` accepts writes, and both names of the database lead there.",
    }),
    isAlready: z.boolean().meta({ description: "It was so before; nothing was begun." }),
    operation: orNull(operation).meta({
      description: "What was begun, or was under way already; null: nothing had to be.",
    }),
  })
  .meta({ id: "MoveResult" });

/** 20 s: several times what a failover takes; then the answer is that it goes on. */
export const moveWaitMs = 20_000;

export type ApiServiceList = z.output<typeof serviceList>;
export type ApiReplica = z.output<typeof replica>;
export type ApiReplicasChange = z.output<typeof replicasChange>;
export type ApiReplicasResult = z.output<typeof replicasResult>;
export type ApiPrescaleResult = z.output<typeof prescaleResult>;
export type ApiMoveRequest = z.output<typeof moveRequest>;
export type ApiMoveResult = z.output<typeof moveResult>;

/** The part of the world that runs the application. */
export interface ServicesWorld {
  services(): ApiServiceList;
  /** Settles when the number is kept; agents follow it. @throws Failure `service.unknown`, `region.unknown`, `scale.out-of-range` */
  setReplicas(
    service: string,
    change: ApiReplicasChange,
    signal: AbortSignal,
  ): Promise<ApiReplicasResult>;
  /** @throws Failure `region.unknown` */
  prescale(region: string, percent: number, signal: AbortSignal): Promise<ApiPrescaleResult>;
  /**
   * Makes `to` the primary of the database and moves both its names there: by a switchover when the primary answers,
   * by a failover when it does not. Safe to repeat: what is so already, or under way, is not begun again. Settles when
   * it is done, or after `moveWaitMs` while it goes on.
   * @throws Failure `database.unknown`, `region.unknown`, `failover.data-loss-not-allowed`,
   * `failover.unexpected-primary`, `operation.conflict` (another operation holds the database), `operation.rolled-back`,
   * `operation.failed`, and whatever else refuses an operation
   */
  moveDatabase(
    database: string,
    request: ApiMoveRequest,
    signal: AbortSignal,
  ): Promise<ApiMoveResult>;
}
