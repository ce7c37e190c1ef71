import type { FastifyInstance } from "fastify";

/** A disc of another colour for each name. */
export function addAssets(service: FastifyInstance): void {
  service.get<{ Params: { name: string } }>("/assets/:name", ({ params }, reply) => {
    const hue = [...params.name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 360;
    return reply
      .header("cache-control", "public, max-age=86400, immutable")
      .header("etag", `"${params.name}"`)
      .type("image/svg+xml")
      .send(
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path fill="hsl(${hue} 45% 72%)" d="M0 0h10v10H0z"/><circle cx="5" cy="5" r="3" fill="hsl(${hue} 55% 38%)"/></svg>`,
      );
  });
}
