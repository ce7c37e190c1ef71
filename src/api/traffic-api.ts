/** The part of the HTTP contract that sends people and programs somewhere: controls, dials, names, the origin. */
import { z } from "zod";
import { address, amount, givenName, orNull, text } from "./schema-words.ts";
import type { ServicesWorld } from "./services-api.ts";

const controlState = z.enum(["On", "Off"]).meta({ id: "ControlState" });

const control = z
  .object({
    name: z.string(),
    region: text("The Region that it switches."),
    service: orNull(text("Only this service of it; null: the whole Region.")),
    state: controlState,
  })
  .meta({ id: "Control" });

const controlRule = z
  .object({
    name: z.string(),
    controls: z.array(z.string()).meta({ description: "The controls that it is about." }),
    type: z.enum(["atleast", "and", "or"]).meta({
      description:
        "What of them must be On after a change: at least `threshold`, all of them, any of them.",
    }),
    threshold: orNull(amount("Of `atleast`; null for the others.")),
    isInverted: z.boolean().meta({ description: "It must not be so." }),
    isMet: z.boolean().meta({ description: "The present state is as the rule wants it." }),
    waitMs: amount("After a change of its controls no other is made for so long, in ms."),
    waitLeftMs: amount("How much of that is left, in ms."),
    lagMsMax: orNull(
      amount("A control goes On only where every copy is less behind than this, in ms."),
    ),
    fenceProved: z.boolean().meta({
      description:
        "A control goes On only where no failover still waits for the proof that its old writer cannot write.",
    }),
  })
  .meta({ id: "ControlRule" });

const controlPanel = z
  .object({ name: z.string(), controls: z.array(control), rules: z.array(controlRule) })
  .meta({ id: "ControlPanel", description: "Controls that are switched under common rules." });

export const controlList = z.object({ panels: z.array(controlPanel) }).meta({ id: "ControlList" });

const wantedControl = z
  .strictObject({ name: givenName(), state: controlState })
  .meta({ id: "WantedControl" });

export const controlBatch = z
  .strictObject({
    controls: z.array(wantedControl),
    override: z
      .strictObject({
        rules: z.array(givenName()).meta({
          description: "`RULE`, or `PANEL/RULE` where two panels have a rule of that name.",
        }),
        // Twice what is taken, so that one that is a little too long is refused in words of its own.
        reason: text("8 to 1000 characters, kept with the events.").max(2_000),
      })
      .optional()
      .meta({ description: "Rules that do not count this time. All others do." }),
  })
  .meta({
    id: "ControlBatch",
    examples: [
      {
        controls: [
          { name: "us-west-2", state: "On" },
          { name: "us-east-1", state: "Off" },
        ],
      },
    ],
  });

export const controlResult = z
  .object({
    changed: z.array(wantedControl).meta({
      description: "What was switched. Empty: everything was so already.",
    }),
    overridden: z
      .array(z.object({ panel: z.string(), rule: z.string(), because: z.string() }))
      .meta({ description: "The rules that would have refused it." }),
    panels: z.array(controlPanel).meta({ description: "All of them, as read back afterwards." }),
  })
  .meta({ id: "ControlResult" });

const counted = {
  open: amount("Requests and streams under way."),
  served: amount("Since the front door's start."),
  failed: amount("Since the front door's start."),
};

const endpoint = z
  .object({
    isHealthy: z.boolean(),
    because: z.string(),
    ...counted,
    pinned: amount("Connections and streams that stay here although new ones go elsewhere."),
    rescued: amount("Requests that came here after another Region had failed."),
  })
  .meta({ id: "Endpoint", description: "A Region as the global entry sees it." });

const serviceTraffic = z
  .object({
    isHealthy: z.boolean().meta({ description: "At least one replica is ready." }),
    isOn: z.boolean().meta({ description: "Its controls, and those of its Region, are On." }),
    seen: orNull(
      z.object({ ready: amount("Ready replicas."), because: z.string(), ...counted }),
    ).meta({ description: "By its Region's front door; null: that is not heard." }),
  })
  .meta({ id: "ServiceTraffic" });

const dials = {
  dial: amount("Percent of what would come to this Region that may come."),
  weight: amount("Its share under the policy `weighted`, 0 to 255."),
  isOn: z.boolean().meta({ description: "All its routing controls are On." }),
};

export const regionTraffic = z
  .object({
    ...dials,
    entry: orNull(address).meta({
      description: "The Region's own entry; null: the world has none.",
    }),
    dns: orNull(address).meta({
      description: "Where names are answered as they look from this Region; null: nowhere.",
    }),
    endpoint: orNull(endpoint).meta({
      description: "Null: there is no global entry, or its front door is not heard.",
    }),
    revision: orNull(
      amount("The state that the Region's front door follows; null: it is not heard."),
    ),
    services: z.record(z.string(), serviceTraffic),
  })
  .meta({ id: "RegionTraffic" });

export const traffic = z
  .object({
    revision: amount("Of the newest state; a front door that has a lower one is behind."),
    followed: orNull(
      amount("The state that the front door outside follows; null: it is not heard."),
    ),
    entry: orNull(address).meta({ description: "The global entry; null: the world has none." }),
    distribution: orNull(address).meta({ description: "Null: the world has none." }),
    dns: orNull(address).meta({
      description: "Where names are answered as they look from outside; null: nowhere.",
    }),
    regions: z.record(z.string(), regionTraffic),
  })
  .meta({ id: "Traffic" });

export const trafficChange = z
  .strictObject({
    dial: z.number().int().min(0).max(100).optional(),
    weight: z.number().int().min(0).max(255).optional(),
  })
  .refine(({ dial, weight }) => dial !== undefined || weight !== undefined, {
    message: "names neither `dial` nor `weight`: there is nothing to change",
  })
  .meta({ id: "TrafficChange", examples: [{ dial: 10 }, { dial: 100, weight: 64 }] });

export const regionDials = z.object({ region: z.string(), ...dials }).meta({ id: "RegionDials" });

const nameCheck = z
  .object({
    isVerified: z.boolean().meta({
      description: "Resolved there and connected to, both names lead where they should.",
    }),
    version: amount("What was verified."),
    because: z.string(),
  })
  .meta({ id: "NameCheck" });

const databaseNames = z
  .object({
    version: amount("Counts the moves. Both names move together."),
    writer: z.object({
      name: text("For example `orders.writer.leeward.internal`."),
      region: orNull(text("Where it leads; null: each Region has a writer of its own.")),
    }),
    reader: z.object({
      name: z.string(),
      regions: z.array(z.string()).meta({
        description:
          "It leads to the view's own Region if that is one of these, else to the nearest.",
      }),
    }),
    checks: z.record(z.string(), nameCheck).meta({
      description: "By Region, as its agent said last; a Region that is not heard is left out.",
    }),
  })
  .meta({ id: "DatabaseNames" });

export const nameList = z
  .object({
    zone: z.string(),
    views: z
      .array(z.object({ region: orNull(text("Null: from outside the Regions.")), dns: address }))
      .meta({ description: "Where to ask, one for each point of view." }),
    databases: z.record(z.string(), databaseNames),
  })
  .meta({ id: "NameList" });

export const distribution = z
  .object({
    address: orNull(address).meta({ description: "Null: nobody listens there." }),
    origin: text("The Region that it takes from."),
    tag: text("Changes with each move of the origin; the next move names it."),
    invalidations: amount("Answers that were kept under a lower number are not used any more."),
  })
  .meta({ id: "Distribution" });

export const originChange = z
  .strictObject({
    region: givenName(),
    ifMatch: givenName().optional().meta({
      description:
        "The tag that you saw last, or `*` for whatever it is. The header If-Match says the same.",
    }),
    force: z.boolean().default(false).meta({
      description: "Also to a Region from which writes do not reach the writer.",
    }),
  })
  .meta({ id: "OriginChange", examples: [{ region: "us-west-2", ifMatch: "first-us-east-1" }] });

export type ApiControlList = z.output<typeof controlList>;
export type ApiControlBatch = z.output<typeof controlBatch>;
export type ApiControlResult = z.output<typeof controlResult>;
export type ApiTraffic = z.output<typeof traffic>;
export type ApiRegionTraffic = z.output<typeof regionTraffic>;
export type ApiTrafficChange = z.output<typeof trafficChange>;
export type ApiRegionDials = z.output<typeof regionDials>;
export type ApiNameList = z.output<typeof nameList>;
export type ApiDistribution = z.output<typeof distribution>;

/** As asked for, with the tag from wherever it was given. */
export type ApiOriginChange = {
  readonly region: string;
  /** `*`: whatever it is. */
  readonly ifMatch: string;
  readonly force: boolean;
};

/** The part of the world that sends people and programs somewhere. */
export interface TrafficWorld extends ServicesWorld {
  controls(): ApiControlList;
  /**
   * All of it or nothing; settles with what was read back.
   * @throws Failure `control.unknown`, `control.batch-invalid`, `control.rule-failed`, `control.rule-unknown`,
   * `control.override-invalid`
   */
  setControls(batch: ApiControlBatch, signal: AbortSignal): Promise<ApiControlResult>;
  traffic(): ApiTraffic;
  /** @throws Failure `region.unknown` */
  changeTraffic(
    region: string,
    change: ApiTrafficChange,
    signal: AbortSignal,
  ): Promise<ApiRegionDials>;
  names(): ApiNameList;
  /** @throws Failure `distribution.unknown` */
  distribution(): ApiDistribution;
  /** @throws Failure `distribution.unknown`, `region.unknown`, `distribution.tag-mismatch`, `distribution.not-writable` */
  setOrigin(change: ApiOriginChange, signal: AbortSignal): Promise<ApiDistribution>;
  /** @throws Failure `distribution.unknown` */
  invalidate(signal: AbortSignal): Promise<ApiDistribution>;
}
