// @ts-check

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {boolean} [lessIsBetter]
 * @property {{ name: string, value: number, isOurs: boolean }[]} bars
 */

const WIDTH = 860;
const LABELS = 340;
/** Kept free for the figure behind the longest bar. */
const FIGURES = 80;
const ROW = 24;
const BAR = 16;
const HEAD = 34;
const GAP = 22;
const LEFT = 8;

// A picture does not know the page's colours. These are readable on light and on dark; better ones where the reader's choice is known.
const STYLE = `text{font:13px system-ui,sans-serif;fill:#6e7781}.t{font-weight:600;font-size:14px}.o{fill:#218bff}.p{fill:#8c959f}
@media(prefers-color-scheme:light){text{fill:#1f2328}.m{fill:#59636e}.o{fill:#0969da}.p{fill:#afb8c1}}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9198a1}.o{fill:#58a6ff}.p{fill:#57606a}}`;

/**
 * Bars from zero, the best first; ours in a colour of their own.
 * @param {Panel[]} panels
 * @returns {string} an SVG document
 */
export function chart(panels) {
  let y = 0;
  const drawn = panels.map((panel) => {
    const top = y;
    y += HEAD + panel.bars.length * ROW + GAP;
    return drawPanel(panel, top);
  });
  const size = `viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}"`;
  const title = `<title>Measured within one run, Gatehouse in colour</title>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">${title}<style>${STYLE}</style>\n${drawn.join('\n')}\n</svg>\n`;
}

/** @param {Panel} panel @param {number} top */
function drawPanel({ title, lessIsBetter = false, bars }, top) {
  const sorted = bars.toSorted((a, b) => (lessIsBetter ? a.value - b.value : b.value - a.value));
  const longest = Math.max(...bars.map(({ value }) => value));
  const better = lessIsBetter ? 'less is better' : 'more is better';
  const rows = sorted.map(({ name, value, isOurs }, i) => {
    const y = top + HEAD + i * ROW;
    const width = Math.max(1, (value / longest) * (WIDTH - LABELS - FIGURES));
    const figure = value.toLocaleString('en', { maximumSignificantDigits: 3 });
    return `<text x="${LABELS - 8}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>
<rect class="${isOurs ? 'o' : 'p'}" x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>
<text x="${(LABELS + width + 6).toFixed(1)}" y="${y + 13}">${figure}</text>`;
  });
  const head = `<text class="t" x="${LEFT}" y="${top + 20}">${escaped(title)} <tspan class="m" font-weight="400">(${better})</tspan></text>`;
  return [head, ...rows].join('\n');
}

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
