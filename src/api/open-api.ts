/** The contract as OpenAPI 3.1, made from the same schemas that check requests and answers. */
import type { SwaggerOptions } from "@fastify/swagger";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { tidyDocument } from "./open-api-tidy.ts";

export function openApiOptions(version: string): SwaggerOptions {
  return {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Leeward",
        version,
        description:
          "The world that `leeward up` runs: its Regions, databases, links, operations and events. Fields are added, never renamed. Problems are `application/problem+json` with the code that the CLI prints, too.",
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: "http://127.0.0.1:7400" }],
      tags: [
        { name: "world", description: "The whole, at a glance." },
        { name: "operations", description: "Switchover, failover, members, and what they leave." },
        { name: "regions", description: "Losing a Region and getting it back." },
        { name: "links", description: "What lies between Regions." },
        { name: "traffic", description: "Where people and programs are sent." },
        { name: "services", description: "The application's processes, and how many there are." },
        { name: "events", description: "What happened and what happens." },
        { name: "machines", description: "For monitoring." },
      ],
      components: {
        securitySchemes: {
          token: {
            type: "http",
            scheme: "bearer",
            description: "The API token in the state directory.",
          },
        },
      },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => tidyDocument(jsonSchemaTransformObject(document)),
  };
}
