// The picture: each region's path from its gateway to the store, drawn from left to right, on a phone from top to bottom.
import { html } from "/lib/htm.js";
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { pathOf } from "./path.js";
import { flowOf } from "./rates.js";

const NARROW = 820;
const ACROSS = { width: 150, height: 74, gap: [36, 172, 36, 36], row: 106, left: 6 };
const DOWN = { height: 48, gap: [16, 40, 16, 16], indent: 2 };

/** Dashes move this often, all at once: a picture that is drawn sixty times a second takes a third of a core. */
const STEP_MS = 100;

/** Steps for a dash to pass: more readings run faster, none stands still. */
const dashSteps = (flow) =>
  flow === null || flow === 0 ? null : Math.max(4, Math.round(24 / (1 + Math.log10(1 + flow))));

const dashStyle = (steps) => ({ animation: `flow ${steps * STEP_MS}ms steps(${steps}) infinite` });

/** Places of the three texts within a box. */
const textsOf = ({ x, y, width }, isNarrow) =>
  isNarrow
    ? {
        title: { x: x + 15, y: y + 20 },
        main: { x: x + width - 12, y: y + 30, "text-anchor": "end" },
        note: { x: x + 15, y: y + 37 },
      }
    : {
        title: { x: x + 15, y: y + 21 },
        main: { x: x + 15, y: y + 43 },
        note: { x: x + 15, y: y + 61 },
      };

function Station({ station, box, isNarrow }) {
  const { title, main, note, state, href } = station;
  const { x, y, width } = box;
  const { height } = isNarrow ? DOWN : ACROSS;
  const texts = textsOf(box, isNarrow);
  return html`<a href=${href} class="station" data-state=${state}>
    <rect x=${x} y=${y} width=${width} height=${height} rx="8" />
    <rect class="station-mark" x=${x} y=${y + 9} width="4" height=${height - 18} rx="2" />
    <text class="station-title" ...${texts.title}>${title}</text>${" "}
    <text class="station-main" ...${texts.main}>${main}</text>${" "}
    <text class="station-note" ...${texts.note}>${note}</text>
  </a>`;
}

function Link({ link, from, to }) {
  const steps = dashSteps(link.flow);
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const isAcross = from.y === to.y;
  return html`<g class="flow" data-state=${link.state} data-cut=${link.cut ? "true" : undefined}>
    <line x1=${from.x} y1=${from.y} x2=${to.x} y2=${to.y} />
    ${
      steps &&
      html`<line
        class="flow-dash"
        style=${dashStyle(steps)}
        x1=${from.x}
        y1=${from.y}
        x2=${to.x}
        y2=${to.y}
      />`
    }
    ${
      link.cut &&
      html`<path
        class="flow-cut"
        d=${`M${middle.x - 6} ${middle.y - 6} L${middle.x + 6} ${middle.y + 6} M${middle.x + 6} ${middle.y - 6} L${middle.x - 6} ${middle.y + 6}`}
      />`
    }
    ${
      link.label &&
      html`<text
        class="flow-label"
        x=${isAcross ? middle.x : middle.x + 16}
        y=${isAcross ? middle.y - 13 : middle.y + 4}
        text-anchor=${isAcross ? "middle" : "start"}
      >
        ${link.label}
      </text>`
    }
  </g>`;
}

/** Corners of the boxes and ends of the links of one path. */
function place(path, at, isNarrow, width) {
  const boxes = [];
  let along = isNarrow ? at : ACROSS.left;
  for (const [index] of path.stations.entries()) {
    const box = isNarrow
      ? { x: DOWN.indent, y: along, width: width - 2 * DOWN.indent }
      : { x: along, y: at, width: ACROSS.width };
    boxes.push(box);
    const gap = (isNarrow ? DOWN.gap : ACROSS.gap)[index] ?? 0;
    along += (isNarrow ? DOWN.height : ACROSS.width) + gap;
  }
  const middle = ACROSS.height / 2;
  const ends = path.links.map((_, index) => {
    const [one, two] = [boxes[index], boxes[index + 1]];
    return isNarrow
      ? [
          { x: one.x + 40, y: one.y + DOWN.height },
          { x: two.x + 40, y: two.y },
        ]
      : [
          { x: one.x + one.width, y: one.y + middle },
          { x: two.x, y: two.y + middle },
        ];
  });
  return { boxes, ends, end: along };
}

const inWords = ({ region, stations, links }) =>
  `${region}: ${stations.map(({ title, main, note }) => `${title} ${main} ${note}`).join("; ")}; ${links[1].label}`;

export function Picture({ overview }) {
  const frame = useRef(null);
  const [width, setWidth] = useState(1000);
  useEffect(() => {
    // Nothing is drawn into what is not shown: it has no width.
    const observer = new ResizeObserver(
      ([{ contentRect }]) => contentRect.width > 0 && setWidth(contentRect.width),
    );
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  const isNarrow = width < NARROW;
  const paths = overview.regions.map((one) => pathOf(one, overview, flowOf(one.region)));
  const drawnWidth = isNarrow
    ? width
    : ACROSS.left * 2 + 5 * ACROSS.width + ACROSS.gap.reduce((sum, gap) => sum + gap, 0);
  let at = 6;
  const placed = paths.map((path) => {
    const one = place(path, at, isNarrow, width);
    at = isNarrow ? one.end + 28 : at + ACROSS.row;
    return one;
  });
  const height = Math.max(80, at - (isNarrow ? 20 : ACROSS.row - ACROSS.height - 12));
  return html`<div ref=${frame} class="picture">
    <svg
      width="100%"
      height=${isNarrow ? height : undefined}
      viewBox=${`0 0 ${drawnWidth} ${height}`}
      role="group"
      aria-label=${`The path of the readings. ${paths.map(inWords).join(". ")}`}
    >
      ${paths.map(
        (path, row) =>
          html`<g key=${path.region}>
            ${path.links.map(
              (link, index) =>
                html`<${Link}
                  key=${index}
                  link=${link}
                  from=${placed[row].ends[index][0]}
                  to=${placed[row].ends[index][1]}
                />`,
            )}
            ${path.stations.map(
              (station, index) =>
                html`<${Station}
                  key=${index}
                  station=${station}
                  box=${placed[row].boxes[index]}
                  isNarrow=${isNarrow}
                />`,
            )}
          </g>`,
      )}
    </svg>
  </div>`;
}
