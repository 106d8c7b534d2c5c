/**
 * Volume over time, drawn with uPlot. It mounts on an element with data-chart,
 * whose JSON stands in a script beside it or is fetched from data-src:
 *
 *   {"x": [seconds…], "step": 3600, "zone": "Asia/Tokyo",
 *    "series": [{"label": "x", "values": [3, null, …], "group": 1}],
 *    "marks": [{"x": seconds, "label": "…"}]}
 *
 * Series are stacked. Dragging chooses a span of time; so do Shift and the
 * arrow keys, and Enter. The span goes into the address as the parameters that
 * data-from and data-to name. What the keys or the mouse point at is said in
 * the element that data-readout names. A table beside it holds the same.
 */
import uPlot from 'uplot';

import { data, token } from './data';

type Series = { label: string; values: (number | null)[]; group?: number };
type Chart = { x: number[]; step: number; zone?: string; series: Series[]; marks?: { x: number; label: string }[] };

const colour = (s: Series, i: number): string => {
  const group = s.group ?? i + 1;
  return token(group >= 1 && group <= 8 ? `--group-${group}` : '--group-rest');
};

/** The sums from the first series up to each. */
const stack = (series: Series[]): (number | null)[][] => {
  const sums: number[] = [];
  return series.map((s) => s.values.map((v, i) => (sums[i] = (sums[i] ?? 0) + (v ?? 0))));
};

export const mount = async (element: HTMLElement): Promise<void> => {
  const chart = await data<Chart>(element);
  const lang = document.documentElement.lang;
  const zone = chart.zone ?? 'UTC';
  const when = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const number = new Intl.NumberFormat(lang);
  const readout = document.getElementById(element.dataset['readout'] ?? '');
  const marks = chart.marks ?? [];
  let plot: uPlot | null = null;

  const say = (i: number | null | undefined): void => {
    if (!readout) return;
    const x = i === null || i === undefined ? undefined : chart.x[i];
    if (x === undefined) {
      readout.textContent = '';
      return;
    }
    const parts = chart.series.map((s) => `${s.label} ${number.format(s.values[i as number] ?? 0)}`);
    const near = marks.filter((m) => m.x >= x && m.x < x + chart.step).map((m) => m.label);
    readout.textContent = [when.format(x * 1000), ...parts, ...near].join('　');
  };

  const choose = (from: number, to: number): void => {
    const url = new URL(location.href);
    url.searchParams.set(element.dataset['from'] ?? 'after', new Date(from * 1000).toISOString());
    url.searchParams.set(element.dataset['to'] ?? 'before', new Date(to * 1000).toISOString());
    url.searchParams.delete('page');
    location.assign(url);
  };

  const draw = (): void => {
    plot?.destroy();
    const stacked = stack(chart.series);
    const ink = token('--ink-soft');
    const grid = { stroke: token('--line-soft'), width: 1 };
    const font = `12px ${getComputedStyle(element).fontFamily}`;
    const axis = { stroke: ink, grid, ticks: grid, font };
    // The highest sum is drawn first, so that each covers the one above it.
    const order = chart.series.map((_, i) => chart.series.length - 1 - i);
    const markers: uPlot.Plugin = {
      hooks: {
        draw: (u) => {
          u.ctx.save();
          u.ctx.strokeStyle = token('--ink');
          u.ctx.setLineDash([4, 4]);
          for (const m of marks) {
            const x = Math.round(u.valToPos(m.x, 'x', true)) + 0.5;
            if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
            u.ctx.beginPath();
            u.ctx.moveTo(x, u.bbox.top);
            u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
            u.ctx.stroke();
          }
          u.ctx.restore();
        },
      },
    };
    const bars = uPlot.paths.bars?.({ size: [0.9, 60], align: 1 });
    plot = new uPlot({
      width: Math.max(200, element.clientWidth),
      height: Number(element.dataset['height'] ?? 200),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      legend: { show: false },
      cursor: { drag: { x: true, y: false, setScale: false }, y: false, points: { show: false } },
      scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.05 : 1] } },
      axes: [
        { ...axis, values: [
          [86400 * 28, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
          [86400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
          [60, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1],
        ] },
        { ...axis, size: 56, values: (_, ticks) => ticks.map((v) => Number.isInteger(v) ? number.format(v) : '') },
      ],
      series: [{}, ...order.map((i) => {
        const s = chart.series[i] as Series;
        return { label: s.label, stroke: colour(s, i), fill: colour(s, i), width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) };
      })],
      plugins: [markers],
      hooks: {
        setCursor: [(u) => say(u.cursor.idx)],
        setSelect: [(u) => {
          if (u.select.width < 4) return;
          choose(Math.floor(u.posToVal(u.select.left, 'x')), Math.ceil(u.posToVal(u.select.left + u.select.width, 'x')));
        }],
      },
    }, [chart.x, ...order.map((i) => stacked[i] as (number | null)[])] as uPlot.AlignedData, element);
  };

  draw();
  let at = chart.x.length - 1;
  let began: number | null = null;
  const point = (): void => {
    if (!plot) return;
    plot.setCursor({ left: plot.valToPos(chart.x[at] ?? 0, 'x') + 1, top: 8 });
    if (began !== null) {
      const [a, b] = [Math.min(began, at), Math.max(began, at)];
      const left = plot.valToPos(chart.x[a] ?? 0, 'x');
      const right = plot.valToPos((chart.x[b] ?? 0) + chart.step, 'x');
      plot.setSelect({ left, width: right - left, top: 0, height: plot.bbox.height / devicePixelRatio }, false);
    }
    say(at);
  };
  element.tabIndex = 0;
  element.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (step) {
      if (event.shiftKey) began ??= at;
      else began = null;
      at = Math.max(0, Math.min(chart.x.length - 1, at + step));
      point();
    } else if (event.key === 'Enter' && began !== null) {
      choose(chart.x[Math.min(began, at)] ?? 0, (chart.x[Math.max(began, at)] ?? 0) + chart.step);
    } else if (event.key === 'Escape' && began !== null) {
      began = null;
      plot?.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      event.stopPropagation();
    } else return;
    event.preventDefault();
  });
  new ResizeObserver(() => {
    const width = Math.max(200, element.clientWidth);
    if (plot && plot.width !== width) plot.setSize({ width, height: plot.height });
  }).observe(element);
  document.addEventListener('akashi:theme', draw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
};
