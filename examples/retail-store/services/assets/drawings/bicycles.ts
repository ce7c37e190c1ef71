import { circle, line, mirrored, path, rect } from "../shapes.ts";
import { rubber, rubberLight, steel, steelDark } from "../ink.ts";
import {
  chain,
  dropBar,
  fender,
  flatBar,
  frame,
  saddle,
  sweptBar,
  wheel,
  type Geometry,
} from "./bicycle-parts.ts";
import type { Drawing } from "./drawing.ts";

const diamond: Geometry = {
  rear: [98, 268],
  front: [302, 268],
  crank: [182, 272],
  seat: [158, 156],
  head: [264, 150],
  headLow: [272, 180],
};

/** Low step, mudguards, a basket: the accent is saddle, grips and basket. */
export const cityBicycle: Drawing = ({ main, accent }) =>
  wheel(diamond.rear, 74, { tyre: 8 }) +
  wheel(diamond.front, 74, { tyre: 8 }) +
  fender(diamond.rear, 83, main.dark) +
  fender(diamond.front, 83, main.dark) +
  line("M66 178H152M92 178L98 264M140 178L104 262", steelDark, 5) +
  chain(diamond) +
  line("M182 272L98 268L152 186M158 156L182 272", main.dark, 9) +
  line("M264 150L302 268", main.base, 10) +
  line("M268 168Q238 262 182 272", main.base, 11) +
  line("M266 158Q226 236 168 206", main.light, 8) +
  saddle([156, 140], accent) +
  sweptBar([262, 142], accent) +
  path("M272 118h64l-10 46h-44z", accent.base) +
  line("M276 130h56M279 144h50M290 118l4 46M304 118v46M318 118l-4 46", accent.dark, 2.6) +
  rect([268, 113, 72, 8], 4, accent.dark);

/** Drop bars and narrow tyres. */
export const roadBicycle: Drawing = ({ main, accent }) =>
  wheel(diamond.rear, 76, { tyre: 5 }) +
  wheel(diamond.front, 76, { tyre: 5 }) +
  chain(diamond) +
  frame(diamond, main) +
  rect([216, 206, 16, 44], 6, accent.base, 'transform="rotate(42 224 228)"') +
  line("M210 172L246 168", accent.base, 5) +
  saddle([150, 134], accent) +
  dropBar([264, 140], accent);

/** Coarse tyres, a long fork, a flat bar: the accent is fork and rims. */
export const mountainBicycle: Drawing = ({ main, accent }) =>
  wheel(diamond.rear, 72, { tyre: 11, knobs: true, rim: accent.base }) +
  wheel(diamond.front, 72, { tyre: 11, knobs: true, rim: accent.base }) +
  chain(diamond) +
  line("M272 180L302 268", steel, 9) +
  frame({ ...diamond, seat: [164, 184] }, main) +
  line("M276 192L292 240", accent.dark, 17) +
  line("M164 184L154 144", rubberLight, 7) +
  saddle([150, 138], accent) +
  flatBar([262, 138], accent);

/** A box between rider and front wheel: the accent is its wood. */
export const cargoBicycle: Drawing = ({ main, accent }) =>
  wheel([76, 276], 58, { tyre: 9 }) +
  wheel([336, 290], 44, { tyre: 9 }) +
  fender([76, 276], 67, main.dark) +
  chain({ ...diamond, rear: [76, 276], crank: [138, 284] }) +
  line("M138 284L76 276L112 204M104 166L138 284", main.dark, 9) +
  line("M138 284L176 300H290Q306 300 312 284L336 290", main.base, 12) +
  line("M112 204L168 214", main.base, 9) +
  line("M164 146L182 300", main.light, 11) +
  path("M186 176H330L310 286H202z", accent.base) +
  path("M262 176h68l-20 110h-52z", accent.dark, 'opacity=".55"') +
  line("M190 204H324M195 232H319M199 260H314", accent.deep, 3, 'opacity=".6"') +
  rect([180, 166, 156, 15], 7, accent.light) +
  saddle([102, 150], main) +
  line("M134 128Q160 122 164 146", rubber, 8) +
  line("M130 128h12", accent.deep, 11);

/** Small wheels and long posts. */
export const foldingBicycle: Drawing = ({ main, accent }) =>
  wheel([100, 294], 50, { tyre: 9 }) +
  wheel([302, 294], 50, { tyre: 9 }) +
  fender([100, 294], 59, main.dark) +
  fender([302, 294], 59, main.dark) +
  chain({ ...diamond, rear: [100, 294], crank: [180, 298] }) +
  line("M180 298L100 294L166 252", main.dark, 9) +
  line("M150 136L180 298", steelDark, 8) +
  line("M160 200L180 298", main.dark, 11) +
  line("M166 250Q224 232 276 232L302 294", main.base, 14) +
  line("M262 128L280 240", steel, 9) +
  line("M275 210L280 240", main.light, 13) +
  rect([212, 226, 20, 26], 6, accent.dark, 'transform="rotate(-10 222 239)"') +
  saddle([146, 130], accent) +
  flatBar([260, 120], accent);

/** Low, with short cranks and streamers: the accent is saddle and grips. */
export const kidsBicycle: Drawing = ({ main, accent }) => {
  const small: Geometry = {
    rear: [112, 286],
    front: [292, 286],
    crank: [184, 290],
    seat: [160, 208],
    head: [252, 188],
    headLow: [260, 214],
  };
  return (
    wheel(small.rear, 58, { tyre: 11, rim: accent.base }) +
    wheel(small.front, 58, { tyre: 11, rim: accent.base }) +
    chain(small) +
    line("M184 290L112 286L160 208L184 290", main.dark, 10) +
    line("M252 188L292 286", main.base, 11) +
    line("M258 208Q226 290 184 290M256 200Q220 236 168 232", main.base, 13) +
    saddle([156, 190], accent) +
    sweptBar([250, 176], accent) +
    line("M208 158l-14 16M208 158l-4 22M208 158l-24 8", accent.light, 4) +
    circle([264, 196], 15, accent.base) +
    circle([264, 196], 8, accent.pale)
  );
};

/** Vents and straps: the accent is the inside. */
export const helmet: Drawing = ({ main, accent }) =>
  line("M124 256Q150 332 196 344M268 262Q244 330 196 344M168 262L196 344", rubberLight, 7) +
  rect([182, 334, 30, 18], 7, rubber) +
  path(
    "M60 240C54 142 120 84 206 84c86 0 142 58 138 138 0 20-10 28-28 30-90 10-170 24-228 20-18 0-26-12-28-32z",
    main.base,
  ) +
  path(
    "M60 240c-2-30 4-58 18-82 8 60 150 70 264 44 2 34-4 48-26 50-90 10-170 24-228 20-18 0-26-12-28-32z",
    main.dark,
    'opacity=".55"',
  ) +
  path(
    "M112 150q28-42 76-50l10 8q-42 16-62 52zM206 100q48-2 84 34l-10 12q-32-24-72-28zM144 176q26-40 66-48l54 12q-60 2-96 42z",
    accent.deep,
  ) +
  path("M232 152q44-4 74 34l-14 8q-28-18-62-22z", accent.deep) +
  path("M66 226q60 18 264-16l-2 20Q140 262 68 246z", accent.base) +
  path("M100 138q24-34 62-44-28 24-40 56z", main.pale, 'opacity=".6"');

/** For the rack: the accent is straps and buckle. */
export const pannier: Drawing = ({ main, accent }) =>
  mirrored(path("M138 58h28v44h-10V70h-8v32h-10z", rubberLight)) +
  path("M104 128q0-14 14-14H282q14 0 14 14l22 188q2 32-28 32H110q-30 0-28-32z", main.base) +
  path("M244 114h38q14 0 14 14l22 188q2 32-28 32H238z", main.dark, 'opacity=".5"') +
  path("M96 82q0-8 8-8H296q8 0 8 8v54q0 10-10 10H106q-10 0-10-10z", main.light) +
  line("M100 98H300M100 120H300", main.dark, 3, 'opacity=".6"') +
  rect([188, 66, 24, 176], 6, accent.base) +
  rect([178, 196, 44, 38], 9, accent.dark) +
  rect([186, 204, 28, 14], 4, accent.light) +
  mirrored(path("M92 236l56 40v18l-58-42z", accent.base), circle([118, 312], 9, accent.pale)) +
  line("M150 262H250V316H150z", main.dark, 3);

/** On its bracket, shining: the accent is the ring and the switch. */
export const light: Drawing = ({ main, accent }) =>
  path("M262 132L392 84V316L262 268z", "#ffe9a8", 'opacity=".55"') +
  path("M262 152L392 130V270L262 248z", "#fff3c8", 'opacity=".7"') +
  path("M130 262h64v46q0 8-8 8H138q-8 0-8-8z", rubber) +
  rect([112, 304, 100, 34], 17, rubberLight) +
  rect([130, 314, 64, 14], 7, rubber) +
  path("M76 150q0-24 24-26l136-14q16 0 16 16v148q0 16-16 16L100 276q-24-2-24-26z", main.base) +
  path("M76 216v34q0 24 24 26l136 14q16 0 16-16v-40q-96 10-176-18z", main.dark, 'opacity=".6"') +
  path("M232 104q34 0 34 20v152q0 20-34 20z", accent.base) +
  path("M252 122q16 4 16 14v128q0 10-16 14z", "#fff6d4") +
  line("M110 148v104M128 144v112M146 142v116", main.deep, 5, 'opacity=".5"') +
  rect([172, 104, 40, 16], 7, accent.dark) +
  circle([196, 200], 12, accent.light) +
  circle([196, 200], 6, steel);
