import { circle, line, mirrored, path, rect, within } from "../shapes.ts";
import type { Drawing } from "./drawing.ts";
import { filledWith } from "./pattern.ts";

/** A fitted waist and a wide skirt, or straight down where it has no pattern. */
export const dress: Drawing = ({ main, accent, pattern }) => {
  const isWide = pattern !== "plain";
  const skirt = isWide
    ? "Q262 230 326 338q-126 34-252 0Q138 230 158 184"
    : "Q272 250 276 352H124Q128 250 158 184";
  const form = `M150 38Q152 84 200 96 248 84 250 38L276 44Q272 92 284 112 250 140 242 184${skirt}Q150 140 116 112 128 92 124 44z`;
  return (
    within(
      "a",
      form,
      path(form, main.base),
      filledWith(pattern, main, accent),
      path("M230 20H340V370H214q46-90 12-186 20-80 4-164z", main.deep, 'opacity=".2"'),
      line(
        isWide
          ? "M172 190Q150 260 116 346M190 190Q184 260 172 356M212 190Q220 260 236 356"
          : "M172 200Q156 270 156 360M204 220Q202 290 204 360",
        main.deep,
        3,
        'opacity=".35"',
      ),
    ) +
    line("M151 42Q154 86 200 97 246 86 249 42", main.light, 7) +
    path("M157 174q43 12 86 0l1 20q-44 12-88 0z", isWide ? accent.base : main.dark) +
    (isWide ? circle([200, 189], 7, accent.dark) : "")
  );
};

/** Pleats from a flat band. */
export const skirt: Drawing = ({ main }) => {
  const hem = "M142 104H258L338 318";
  const pleats = [0, 1, 2, 3, 4, 5, 6, 7]
    .map((index) => {
      const top = 142 + index * 14.5;
      const low = 62 + index * 34.5;
      return path(
        `M${top} 104h7L${low + 18} 334h-18z`,
        index % 2 === 0 ? main.dark : main.deep,
        'opacity=".5"',
      );
    })
    .join("");
  return (
    within(
      "a",
      `${hem}q-138 36-276 0z`,
      path(`${hem}q-138 36-276 0z`, main.base),
      pleats,
      path("M62 318q138 36 276 0v-12q-138 36-276 0z", main.light),
    ) +
    rect([136, 78, 128, 32], 8, main.light) +
    rect([226, 82, 8, 24], 3, main.dark) +
    line("M142 108H258", main.dark, 2.6)
  );
};

export const trousers: Drawing = ({ main }) =>
  path(
    "M132 52H268L292 348q0 8-8 8H226q-8 0-9-8L200 160 183 348q-1 8-9 8H116q-8 0-8-8z",
    main.base,
  ) +
  path("M200 52h68L292 348q0 8-8 8H252Q256 180 232 96L200 160z", main.dark, 'opacity=".55"') +
  path("M200 160L183 348q-1 8-9 8h-16q30-110 26-212z", main.dark, 'opacity=".35"') +
  path("M132 52H268l2 24H130z", main.light) +
  line("M200 78v58q0 20-18 22", main.deep, 3) +
  line("M160 92L144 350M240 92L256 350", main.deep, 2.4, 'opacity=".5"') +
  mirrored(line("M128 116q24-6 32-38", main.deep, 3), rect([152, 48, 9, 32], 3, main.dark)) +
  circle([200, 64], 6, main.deep) +
  mirrored(line("M110 336H182", main.dark, 2.4, 'stroke-dasharray="6 5"'));

export const shorts: Drawing = ({ main }) =>
  path(
    "M112 96H288L326 296q2 10-8 10H222q-8 0-10-8L200 220 188 298q-2 8-10 8H82q-10 0-8-10z",
    main.base,
  ) +
  path("M200 96h88L326 296q2 10-8 10H276Q276 200 250 140L200 220z", main.dark, 'opacity=".5"') +
  path("M112 96H288l6 32H106z", main.light) +
  line(
    "M126 100v24M144 100v24M162 100v24M238 100v24M256 100v24M274 100v24",
    main.dark,
    3,
    'opacity=".6"',
  ) +
  line("M200 128V216", main.deep, 3) +
  line("M192 116q-24 24-12 52M208 116q22 20 14 46", main.pale, 5) +
  mirrored(
    line("M100 160q26-4 34-30", main.deep, 3),
    line("M80 288H184", main.dark, 2.4, 'stroke-dasharray="6 5"'),
  ) +
  rect([252, 196, 46, 50], 6, main.dark) +
  path("M252 202q0-6 6-6h34q6 0 6 6v10l-23 10-23-10z", main.light);
