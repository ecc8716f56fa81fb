/** The summary as bars: each load a group, each peer its share of the first one's requests a second. */

import type { Row } from './report.ts';

const colours = ['#888888', '#0b7285', '#66d9e8', '#e8590c', '#2b8a3e', '#862e9c', '#f08c00'];
const [barHeight, gap, left, width] = [14, 12, 170, 520];

type Bar = Pick<Row, 'load' | 'peer' | 'ratio'>;

/** @returns an SVG document */
export function plot(rows: readonly Bar[], heading = "Requests a second, as a share of a direct connection's"): string {
  const peers = [...new Set(rows.map(({ peer }) => peer))];
  let y = 40;
  const parts: string[] = [];
  for (const [load, group] of Map.groupBy(rows, (row) => row.load)) {
    parts.push(text(10, y + barHeight, load));
    for (const { peer, ratio } of group) {
      const colour = colours[peers.indexOf(peer) % colours.length];
      const length = Math.max(1, Math.min(ratio, 1.2) * width);
      parts.push(
        `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${barHeight - 2}" fill="${colour}"/>`,
      );
      parts.push(text(left + length + 6, y + barHeight - 3, `${peer} ${ratio.toFixed(2)}`));
      y += barHeight;
    }
    y += gap;
  }
  const size = `width="${left + width * 1.2 + 180}" height="${y + 10}"`;
  const title = text(10, 20, heading);
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="11">\n${title}\n${parts.join('\n')}\n</svg>\n`;
}

function text(x: number, y: number, content: string): string {
  return `<text x="${x.toFixed(0)}" y="${y}">${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}
