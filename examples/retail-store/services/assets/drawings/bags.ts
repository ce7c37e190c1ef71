import { hoop, ellipse, line, mirrored, path, rect } from "../shapes.ts";
import type { Drawing } from "./drawing.ts";

/** Canvas with leather handles: the accent is the leather. */
export const tote: Drawing = ({ main, accent }) =>
  line("M152 150C150 60 250 60 248 150", accent.deep, 13) +
  path("M82 142H318L336 340q1 14-14 14H78q-15 0-14-14z", main.base) +
  path("M250 142h68l18 198q1 14-14 14h-62z", main.dark, 'opacity=".5"') +
  path("M82 142H318L320 164H80z", main.light) +
  line("M92 172H308", main.dark, 2.4, 'stroke-dasharray="7 6"') +
  line("M140 214V150C140 44 260 44 260 150V214", accent.base, 14) +
  mirrored(rect([128, 168, 24, 54], 6, accent.dark), rect([133, 174, 14, 42], 4, accent.base)) +
  path("M168 258h64v44q0 10-10 10h-44q-10 0-10-10z", main.light) +
  line("M168 270H232", main.dark, 2.4, 'stroke-dasharray="5 5"');

/** Structured leather with a flap: the accent is the metal. */
export const handbag: Drawing = ({ main, accent }) =>
  line("M132 168C134 62 266 62 268 168", main.deep, 15) +
  line("M136 162C140 72 258 70 262 160", main.dark, 6) +
  path("M84 168q2-18 22-18H294q20 0 22 18l18 152q2 28-26 28H92q-28 0-26-28z", main.base) +
  path("M266 150h28q20 0 22 18l18 152q2 28-26 28h-44q24-96 2-198z", main.dark, 'opacity=".55"') +
  path("M84 164q3-14 22-14H294q19 0 22 14l6 58q-52 44-122 44T78 222z", main.light) +
  line("M88 226q50 30 112 30t112-30", main.dark, 2.4, 'stroke-dasharray="6 6"') +
  mirrored(hoop([134, 168], 13, accent.dark, 7), hoop([134, 167], 13, accent.base, 5)) +
  rect([180, 236, 40, 46], 10, accent.dark) +
  rect([180, 233, 40, 46], 10, accent.base) +
  rect([192, 244, 16, 24], 6, accent.dark) +
  rect([186, 238, 8, 14], 4, accent.pale);

/** With a front pocket: the accent is straps and zips. */
export const backpack: Drawing = ({ main, accent }) =>
  line("M172 74C172 32 228 32 228 74", accent.dark, 12) +
  mirrored(path("M98 160q-34 10-34 60v70q0 24 24 24h20z", main.deep)) +
  path(
    "M96 330V152C96 92 142 64 200 64S304 92 304 152V330q0 26-26 26H122q-26 0-26-26z",
    main.base,
  ) +
  path("M244 72c38 12 60 42 60 80V330q0 26-26 26H240z", main.dark, 'opacity=".5"') +
  path("M96 168V152C96 92 142 64 200 64S304 92 304 152v16q-50 26-104 26T96 168z", main.light) +
  line("M110 172q42 14 90 14t90-14", main.deep, 3) +
  mirrored(rect([132, 160, 18, 62], 5, accent.dark), rect([132, 156, 18, 58], 5, accent.base)) +
  mirrored(rect([128, 196, 26, 16], 4, accent.pale)) +
  path("M124 246q0-16 16-16H260q16 0 16 16v70q0 18-18 18H142q-18 0-18-18z", main.dark) +
  path("M124 244q0-16 16-16H260q16 0 16 16v66q0 18-18 18H142q-18 0-18-18z", main.base) +
  line("M138 252H262", accent.base, 5) +
  rect([244, 250, 8, 26], 4, accent.light) +
  ellipse([200, 116], [26, 13], accent.base) +
  ellipse([200, 116], [16, 6], main.light);
