/** The `services` section of `leeward.yaml`. What one field may say depends on others in `traffic-rules.ts`. */
import { z } from "zod";
import { serviceKinds, serviceProtocols } from "../model/service.ts";
import { replicasPerServiceMax } from "./limits.ts";

const port = z.int().min(1_024).max(65_535);
const ms = (from: number, to: number): z.ZodInt => z.int().min(from).max(to);

const path = z
  .string()
  .regex(/^\/[\x21-\x7e]{0,199}$/)
  .meta({
    patternErrorMessage: "a path of up to 200 characters without spaces, for example `/health`",
  });

/** What a `health` may say besides its path. */
export const checkFields = {
  intervalMs: ms(100, 60_000).default(500).meta({
    description: "Between two checks.",
    unit: "ms",
  }),
  timeoutMs: ms(50, 60_000).default(400).meta({
    description: "An answer that takes longer counts as none.",
    unit: "ms",
  }),
  healthyThreshold: z.int().min(1).max(10).default(1).meta({
    description: "So many good answers in a row make it healthy.",
    unit: "answers",
  }),
  unhealthyThreshold: z.int().min(1).max(10).default(2).meta({
    description: "So many bad ones in a row make it unhealthy.",
    unit: "answers",
  }),
};

const health = z
  .union([
    path,
    z.strictObject({
      path: path.optional().meta({
        description: "Answered with 200 to 399. Left out: a TCP connection is enough.",
      }),
      ...checkFields,
    }),
  ])
  .meta({ description: "When a replica is ready: a path, or a path and its timing." });

const replicas = z
  .union([
    z.int().min(0).max(replicasPerServiceMax),
    z.strictObject({
      min: z.int().min(1).max(replicasPerServiceMax).default(1).meta({
        description: "Never fewer in a Region.",
        unit: "replicas",
      }),
      max: z.int().min(1).max(replicasPerServiceMax).default(1).meta({
        description: "Never more in a Region.",
        unit: "replicas",
      }),
      cpuPercent: z.int().min(1).max(1_000).optional().meta({
        description:
          "What the replicas are to use of `cpuRequestMillis`, as a mean. Left out: only a person changes their number.",
        unit: "percent",
      }),
      cpuRequestMillis: z.int().min(1).max(64_000).default(250).meta({
        description: "What one replica is meant to use.",
        unit: "thousandths of a core",
      }),
      tolerance: z.number().min(0).max(1).default(0.1).meta({
        description: "A ratio of used to wanted that is nearer to 1 changes nothing.",
      }),
      scaleDownStabilizationMs: ms(0, 3_600_000).default(300_000).meta({
        description: "Fewer replicas only when so long no more were asked for.",
        unit: "ms",
      }),
    }),
  ])
  .meta({ description: "Processes of the service in each Region: how many, or between what." });

const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/)
  .meta({ patternErrorMessage: "the name of an environment variable" });

export const service = z
  .strictObject({
    kind: z.enum(serviceKinds).default("command").meta({
      description:
        "`command`: a program of yours. `redis`, `rabbitmq`: started by Leeward, from what is installed or from packages that it keeps.",
    }),
    command: z
      .array(
        z
          .string()
          .min(1)
          .max(4_096)
          .regex(/^[^\0]*$/),
      )
      .min(1)
      .max(100)
      .optional()
      .meta({
        description:
          "Program and arguments, run in the directory of leeward.yaml without a shell. It must stay in the foreground and listen at `HOST` and `PORT` of its environment.",
      }),
    port: port.meta({ description: "Where the Region's programs find the service." }),
    protocol: z.enum(serviceProtocols).default("http").meta({
      description:
        "`http`: its requests are shared out among the replicas. `tcp`: its connections.",
    }),
    health: health.optional(),
    replicas: replicas.default(1),
    needs: z.array(z.string()).default([]).meta({
      description:
        "Databases and services that it uses. Their addresses are in its environment (`ORDERS_URL`), and it starts when they are there.",
    }),
    uses: z.array(z.string()).default([]).meta({
      description:
        "As `needs`, without waiting for them: what can start before they are there, or without some of them.",
    }),
    environment: z
      .record(
        environmentName,
        z
          .union([
            z
              .string()
              .max(8_192)
              .regex(/^[^\0]*$/),
            z.number(),
            z.boolean(),
          ])
          .meta({ description: "Its value." }),
      )
      .default({})
      .meta({
        description:
          "More environment variables. `${password:orders/app}` becomes a role's password, `${secret:session}` 64 hexadecimal digits that were drawn for this world and are the same in every Region, `${region}`, `${replica}`, `${host}` and `${port}` what they say.",
      }),
    regions: z.array(z.string()).min(1).optional().meta({
      description: "Where it runs. Left out: in every Region.",
    }),
    startMs: ms(100, 600_000).default(30_000).meta({
      description: "A replica that is not ready after so long is ended and started anew.",
      unit: "ms",
    }),
    stopMs: ms(0, 600_000).default(10_000).meta({
      description: "Between SIGTERM and SIGKILL.",
      unit: "ms",
    }),
  })
  .meta({ description: "One service of the application." });

export type ServiceDocument = z.output<typeof service>;
