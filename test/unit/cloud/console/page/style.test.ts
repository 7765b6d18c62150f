// Goal: whoever sees colours in another way tells the lines of a chart apart, and sees each of them.
// Method: colours of the style sheet as the three kinds of colour blindness see them (Machado, Oliveira, Fernandes 2009,
// severity 1.0), their distance in OKLab (Ottosson 2020), and the contrast of WCAG 2.2, 1.4.11.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const CSS = readFileSync(
  new URL("../../../../../cloud/console/page/style.css", import.meta.url),
  "utf8",
);

type Vector = [number, number, number];
type Matrix = [Vector, Vector, Vector];

const SEEN_BY: Record<string, Matrix> = {
  everybody: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopes: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopes: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopes: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const LMS: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const LAB: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

const times = (matrix: Matrix, [x, y, z]: Vector): Vector =>
  matrix.map(([a, b, c]) => a * x + b * y + c * z) as Vector;
const linear = (hex: string): Vector =>
  [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Vector;
const clamped = (colour: Vector): Vector =>
  colour.map((part) => Math.min(1, Math.max(0, part))) as Vector;
const oklab = (colour: Vector): Vector => times(LAB, times(LMS, colour).map(Math.cbrt) as Vector);
const luminance = ([r, g, b]: Vector): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(one: string, other: string): number {
  const [low, high] = [one, other]
    .map((hex) => luminance(linear(hex)) + 0.05)
    .sort((a, b) => a - b);
  return high! / low!;
}

/** The colours of a theme: its block of the sheet begins with a selector. */
function themeOf(selector: string) {
  const block = CSS.slice(CSS.indexOf(`${selector} {`));
  const token = (name: string): string => new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(block)![1]!;
  return { lines: [1, 2, 3, 4].map((at) => token(`series-${at}`)), surface: token("surface") };
}

test.each([":root", ':root[data-theme="dark"]'])(
  "lines of %s are apart for everybody, and stand out from what is behind them",
  (selector) => {
    const { lines, surface } = themeOf(selector);
    for (const line of lines) expect(contrast(line, surface), line).toBeGreaterThanOrEqual(3);
    for (const [who, matrix] of Object.entries(SEEN_BY)) {
      const seen = lines.map((hex) => oklab(clamped(times(matrix, linear(hex)))));
      for (const [at, one] of seen.entries())
        for (const [place, other] of seen.slice(0, at).entries()) {
          const distance = Math.hypot(...one.map((part, axis) => part - other[axis]!));
          expect(distance, `${lines[at]} ${lines[place]} ${who}`).toBeGreaterThan(0.12);
        }
    }
  },
);
