'use strict';
/**
 * The report's page: language and theme, sortable tables, and the network on a
 * canvas. The page can be read without it. State lives in the location's hash.
 *
 * @typedef {object} Data
 * @property {string[]} label accounts, as columns
 * @property {number[]} group index into groups, -1 for none
 * @property {number[]} x
 * @property {number[]} y
 * @property {number[]} score
 * @property {number[]} a pairs, strongest first, as columns
 * @property {number[]} b
 * @property {number[]} w
 * @property {number[]} q
 * @property {string[]} note number of a form and its figures, by semicolons
 * @property {[string, string][]} forms Japanese and English
 * @property {[string, number][]} groups id and size
 * @property {string[]} shapes SVG paths by colour number
 * @property {Record<string, [string, string]>} words Japanese and English
 */
(() => {
  /** @param {string} id @returns {any} */
  const el = (id) => document.getElementById(id);
  /** @type {Data} */
  const data = JSON.parse(el('data').textContent);
  const root = document.documentElement;
  /** Functions to call when the language changes. @type {(() => void)[]} */
  const onLanguage = [];
  /** Functions to call when the theme changes. @type {(() => void)[]} */
  const onTheme = [];

  /* ---- Words and state ---- */

  const japanese = () => root.lang === 'ja';
  /** @param {string} key @param {...(string|number)} args */
  const say = (key, ...args) =>
    data.words[key][japanese() ? 0 : 1].replace(/%\[(\d)\]s/g, (_, n) => String(args[n - 1]));
  /** @param {number} n */
  const number = (n) => n.toLocaleString('en-US');
  /** Writes a small number as the tables do. @param {number} f */
  const tiny = (f) => {
    if (f === 0) return '0';
    if (f >= 0.001) return f.toFixed(3);
    const [lead, power] = f.toExponential(1).split('e');
    return `${lead}×10${[...power].map((c) => (c === '-' ? '⁻' : c === '+' ? '' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[+c])).join('')}`;
  };

  /** The hash as settings; a bare anchor is the place to show. */
  const readHash = () => {
    const hash = location.hash.slice(1);
    return new URLSearchParams(hash.includes('=') ? hash : hash ? { at: decodeURIComponent(hash) } : {});
  };
  const state = readHash();
  /** Keeps a setting in the address; null takes it out. @param {string} key @param {string|null} value */
  const keep = (key, value) => {
    if (value === null) state.delete(key);
    else state.set(key, value);
    try {
      history.replaceState(null, '', `#${state}`);
    } catch {
      /* A page opened from some archives may not change its address. */
    }
  };

  /** Sets the language of everything that style alone cannot switch. @param {string} lang */
  const setLanguage = (lang) => {
    el(`lang-${lang}`).checked = true;
    root.lang = lang;
    for (const e of document.querySelectorAll('[data-label]')) {
      e.setAttribute('aria-label', say(/** @type {any} */ (e).dataset.label));
    }
    for (const f of onLanguage) f();
  };
  /** @param {string} theme */
  const setTheme = (theme) => {
    el(`theme-${theme}`).checked = true;
    for (const f of onTheme) f();
  };
  for (const input of document.querySelectorAll('.switches input')) {
    input.addEventListener('change', () => {
      const { name, value } = /** @type {HTMLInputElement} */ (input);
      keep(name, value);
      if (name === 'lang') setLanguage(value);
      else setTheme(value);
    });
  }

  /* ---- Going to a part of the page ---- */

  /** Opens and shows an element. @param {string} id */
  const show = (id) => {
    const target = document.getElementById(id);
    if (!target) return;
    for (let e = /** @type {Element|null} */ (target); e; e = e.parentElement) {
      if (e instanceof HTMLDetailsElement) e.open = true;
    }
    target.scrollIntoView();
    const focus = target instanceof HTMLDetailsElement ? target.querySelector('summary') : target;
    if (focus instanceof HTMLElement) {
      if (!focus.matches('summary, [tabindex]')) focus.tabIndex = -1;
      focus.focus({ preventScroll: true });
    }
  };
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('a[href^="#"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const id = String(link.getAttribute('href')).slice(1);
    keep('at', id);
    show(id);
  });
  window.addEventListener('hashchange', () => {
    for (const [key, value] of readHash()) state.set(key, value);
    restore();
  });

  /* ---- Tables ---- */

  const collator = new Intl.Collator(undefined, { numeric: true });
  /** What a cell is sorted by. @param {Element} cell @returns {number|string} */
  const sortKey = (cell) => {
    const shown = /** @type {HTMLElement} */ (cell).dataset.v ?? cell.textContent ?? '';
    if (!cell.classList.contains('n')) return shown;
    const n = parseFloat(shown.replaceAll(',', '').replace('−', '-'));
    return Number.isNaN(n) ? -Infinity : n;
  };
  /** Sorts a table by a column. @param {HTMLTableElement} table @param {HTMLTableCellElement} head */
  const sort = (table, head) => {
    const numeric = head.classList.contains('n');
    const before = head.getAttribute('aria-sort');
    const down = before ? before === 'ascending' : numeric;
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, key: sortKey(row.cells[head.cellIndex]) }));
    rows.sort((a, b) => {
      const d = typeof a.key === 'number' && typeof b.key === 'number'
        ? a.key - b.key || 0 : collator.compare(String(a.key), String(b.key));
      return down ? -d : d;
    });
    body.append(...rows.map((r) => r.row));
    for (const th of table.querySelectorAll('th[aria-sort]')) th.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  };
  for (const table of /** @type {NodeListOf<HTMLTableElement>} */ (document.querySelectorAll('table.sort'))) {
    for (const head of table.tHead?.rows[0].cells ?? []) {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => sort(table, head));
    }
  }
  for (const table of /** @type {NodeListOf<HTMLTableElement>} */ (document.querySelectorAll('table.few'))) {
    const count = table.tBodies[0].rows.length;
    if (count <= 20) {
      table.classList.remove('few');
      continue;
    }
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'all';
    const name = () => {
      const few = table.classList.contains('few');
      button.textContent = few ? say('js.all', number(count)) : say('js.few');
      button.setAttribute('aria-expanded', String(!few));
    };
    button.addEventListener('click', () => {
      table.classList.toggle('few');
      name();
    });
    onLanguage.push(name);
    (table.closest('.scroll') ?? table).after(button);
  }
  // A region is a stop for the keyboard only where there is something to scroll.
  const regions = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.scroll'));
  const stops = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.setAttribute('tabindex', '0');
      else target.removeAttribute('tabindex');
    }
  });
  for (const region of regions) stops.observe(region);

  /** Sections that printing opened. @type {HTMLDetailsElement[]} */
  let printed = [];
  let themed = 'auto';
  window.addEventListener('beforeprint', () => {
    themed = /** @type {HTMLInputElement} */ (document.querySelector('input[name="theme"]:checked')).value;
    setTheme('light'); // paper is light, and so must be the picture on it
    printed = [.../** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll('details.group:not([open])'))];
    for (const d of printed) d.open = true;
  });
  window.addEventListener('afterprint', () => {
    for (const d of printed) d.open = false;
    setTheme(themed);
  });

  /* ---- The network ---- */

  /** Draws the network and answers pointer and keyboard. */
  const network = () => {
    const canvas = /** @type {HTMLCanvasElement} */ (el('canvas'));
    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const readout = el('readout');
    const nodes = data.label.length;
    const pairs = data.a.length;
    const { x, y, a, b, w, q, group } = data;
    const colourOf = (/** @type {number} */ g) => (g < 0 || g > 7 ? 0 : g + 1);

    // The frame of all nodes, and where each group lies.
    const least = (/** @type {number[]} */ list) => list.reduce((m, v) => Math.min(m, v), 1);
    const most = (/** @type {number[]} */ list) => list.reduce((m, v) => Math.max(m, v), 0);
    const box = { x0: least(x), x1: most(x), y0: least(y), y1: most(y) };
    const centres = data.groups.map(() => ({ x: 0, top: 1, n: 0 }));
    for (let i = 0; i < nodes; i++) {
      const c = centres[group[i]];
      if (c) {
        c.x += x[i];
        c.top = Math.min(c.top, y[i]);
        c.n++;
      }
    }
    for (const c of centres) {
      c.x /= c.n || 1;
    }

    /* Filters. The strength slider walks through the pairs by rank, the
       significance slider through powers of ten. */
    const lowest = 1e-16;
    const logs = q.map((v) => Math.log10(Math.max(v, lowest)));
    const logMin = logs.reduce((m, v) => Math.min(m, v), 0);
    const logMax = logs.reduce((m, v) => Math.max(m, v), -16);
    const ascending = [...w].reverse();
    const sliderQ = el('q');
    const sliderW = el('w');
    let maxLog = logMax;
    let minW = -Infinity;
    /** Drawn pairs, strongest first. @type {number[]} */
    let visible = [];
    /** Partners of each node among the drawn pairs. */
    let degree = new Uint16Array(nodes);

    const filter = () => {
      const qv = Number(sliderQ.value);
      const wv = Number(sliderW.value);
      maxLog = qv >= 100 ? Infinity : logMin + ((logMax - logMin) * qv) / 100;
      minW = wv <= 0 ? -Infinity : ascending[Math.min(pairs - 1, Math.floor((pairs * wv) / 100))];
      visible = [];
      degree = new Uint16Array(nodes);
      for (let i = 0; i < pairs; i++) {
        if (logs[i] > maxLog + 1e-9 || w[i] < minW) continue;
        visible.push(i);
        degree[a[i]]++;
        degree[b[i]]++;
      }
      sketch();
      tellFilter();
      ask();
    };
    const tellFilter = () => {
      const shownQ = `≤ ${tiny(10 ** Math.min(maxLog, logMax))}`;
      const shownW = `≥ ${(minW === -Infinity ? ascending[0] ?? 0 : minW).toPrecision(3)}`;
      el('q-out').textContent = shownQ;
      el('w-out').textContent = shownW;
      sliderQ.setAttribute('aria-valuetext', `q ${shownQ}`);
      sliderW.setAttribute('aria-valuetext', shownW);
      el('drawn').textContent = say('js.drawn', number(visible.length), number(pairs));
    };

    /* Lines are kept as paths in the coordinates of the data, by strength, in
       short pieces: long ones are slow to fill in. */
    const buckets = 5;
    /** @type {{path: Path2D, level: number}[]} */
    let lines = [];
    const sketch = () => {
      lines = [];
      for (let level = 0; level < buckets; level++) {
        const from = Math.floor((visible.length * (buckets - 1 - level)) / buckets);
        const to = Math.floor((visible.length * (buckets - level)) / buckets);
        for (let start = from; start < to; start += 400) {
          const path = new Path2D();
          for (let k = start; k < Math.min(to, start + 400); k++) {
            const i = visible[k];
            path.moveTo(x[a[i]], y[a[i]]);
            path.lineTo(x[b[i]], y[b[i]]);
          }
          lines.push({ path, level });
        }
      }
    };

    /* Colours come from the style sheet, so that there is one list of them. */
    /** @type {Record<string, string>} */
    const colours = {};
    const readColours = () => {
      const probe = document.createElement('i');
      document.body.append(probe);
      for (const name of ['ink', 'ink-soft', 'paper', 'focus', 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8']) {
        probe.style.color = `var(--${name})`;
        colours[name] = getComputedStyle(probe).color;
      }
      probe.remove();
      ask();
    };
    const shapes = data.shapes.map((d) => new Path2D(d));

    /* The view: pixels = data × scale + offset. */
    const view = { scale: 1, x: 0, y: 0 };
    let fitScale = 1;
    let width = 0;
    let height = 0;
    let fitted = true;
    const fit = () => {
      const edge = Math.min(44, width / 10);
      fitScale = Math.min(
        (width - 2 * edge) / Math.max(box.x1 - box.x0, 1e-6),
        (height - 2 * edge) / Math.max(box.y1 - box.y0, 1e-6),
      );
      view.scale = fitScale;
      view.x = width / 2 - ((box.x0 + box.x1) / 2) * fitScale;
      view.y = height / 2 - ((box.y0 + box.y1) / 2) * fitScale;
      fitted = true;
      ask();
    };
    /** Zooms about a point of the canvas. @returns {boolean} whether anything changed */
    const zoom = (/** @type {number} */ factor, px = width / 2, py = height / 2) => {
      const scale = Math.min(fitScale * 60, Math.max(fitScale * 0.5, view.scale * factor));
      const f = scale / view.scale;
      if (Math.abs(f - 1) < 1e-6) return false;
      view.x = px - (px - view.x) * f;
      view.y = py - (py - view.y) * f;
      view.scale = scale;
      fitted = false;
      moving();
      return true;
    };
    const pan = (/** @type {number} */ dx, /** @type {number} */ dy) => {
      view.x += dx;
      view.y += dy;
      fitted = false;
      moving();
    };

    /* Painting. While the view moves, only the strongest lines are drawn; all
       of them follow as soon as it rests. */
    const movingLines = 12; // pieces of 400
    let asked = 0;
    let busy = false;
    let rest = 0;
    /** What the pointer is on: a node, a pair, or nothing. */
    let over = { node: -1, pair: -1 };
    let lit = -1;
    const ask = () => {
      if (!asked) asked = requestAnimationFrame(paint);
    };
    const moving = () => {
      busy = lines.length > movingLines;
      clearTimeout(rest);
      rest = window.setTimeout(() => {
        busy = false;
        ask();
      }, 140);
      ask();
    };
    /** Where a group's label stands: above its highest account. */
    const labelAt = (/** @type {{x: number, top: number}} */ c) =>
      [c.x * view.scale + view.x, Math.max(14, c.top * view.scale + view.y - radius() - 12)];
    const sx = (/** @type {number} */ i) => x[i] * view.scale + view.x;
    const sy = (/** @type {number} */ i) => y[i] * view.scale + view.y;
    const radius = () => Math.max(2.2, Math.min(7, 34 / Math.sqrt(nodes / 4 + 1))) * Math.min(1, 0.4 + width / 1400) * Math.min(2.2, (view.scale / fitScale) ** 0.4);

    const paint = () => {
      asked = 0;
      if (!width || !height) return;
      const ratio = canvas.width / width;
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.clearRect(0, 0, width, height);
      paintLines(ratio);
      paintNodes();
      paintOver();
      paintLabels();
    };
    const paintLines = (/** @type {number} */ ratio) => {
      const thick = Math.min(1.6, 0.7 * (view.scale / fitScale) ** 0.25);
      const dense = Math.min(1, Math.sqrt(2500 / (visible.length + 1)));
      ctx.save();
      ctx.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, ratio * view.x, ratio * view.y);
      ctx.strokeStyle = colours['ink-soft'];
      for (const { path, level } of busy ? lines.slice(-movingLines) : lines) {
        ctx.globalAlpha = [0.16, 0.22, 0.3, 0.42, 0.6][level] * (0.3 + 0.7 * dense);
        ctx.lineWidth = (thick * (0.8 + 0.2 * level)) / view.scale;
        ctx.stroke(path);
      }
      ctx.restore();
    };
    const paintNodes = () => {
      const size = radius() / 5;
      const ratio = canvas.width / width;
      for (let i = nodes - 1; i >= 0; i--) {
        const px = sx(i);
        const py = sy(i);
        if (px < -20 || py < -20 || px > width + 20 || py > height + 20) continue;
        const c = colourOf(group[i]);
        ctx.globalAlpha = (degree[i] ? 1 : 0.25) * (lit >= 0 && group[i] !== lit ? 0.25 : 1);
        ctx.fillStyle = colours[`c${c}`];
        ctx.setTransform(ratio * size, 0, 0, ratio * size, ratio * px, ratio * py);
        ctx.fill(shapes[c]);
      }
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.globalAlpha = 1;
    };
    const paintOver = () => {
      ctx.strokeStyle = colours.ink;
      ctx.lineWidth = 2;
      const ring = (/** @type {number} */ i) => {
        ctx.beginPath();
        ctx.arc(sx(i), sy(i), radius() + 3, 0, 7);
        ctx.stroke();
      };
      if (over.pair >= 0) {
        ctx.beginPath();
        ctx.moveTo(sx(a[over.pair]), sy(a[over.pair]));
        ctx.lineTo(sx(b[over.pair]), sy(b[over.pair]));
        ctx.stroke();
        ring(a[over.pair]);
        ring(b[over.pair]);
      }
      if (over.node >= 0) {
        ctx.lineWidth = 1;
        ctx.beginPath();
        for (const i of visible) {
          if (a[i] !== over.node && b[i] !== over.node) continue;
          ctx.moveTo(sx(a[i]), sy(a[i]));
          ctx.lineTo(sx(b[i]), sy(b[i]));
        }
        ctx.stroke();
        ctx.lineWidth = 2;
        ring(over.node);
      }
    };
    const paintLabels = () => {
      ctx.textAlign = 'center';
      ctx.textBaseline = 'middle';
      ctx.lineJoin = 'round';
      ctx.strokeStyle = colours.paper;
      ctx.fillStyle = colours.ink;
      ctx.lineWidth = 4;
      /** @type {number[][]} */
      const taken = [];
      const font = getComputedStyle(document.body).fontFamily;
      const write = (/** @type {string} */ text, /** @type {number} */ px, /** @type {number} */ py) => {
        if (px < -60 || py < -10 || px > width + 60 || py > height + 10) return;
        const half = ctx.measureText(text).width / 2 + 4;
        const r = [px - half, py - 10, px + half, py + 10];
        if (taken.some((t) => r[0] < t[2] && r[2] > t[0] && r[1] < t[3] && r[3] > t[1])) return;
        taken.push(r);
        ctx.strokeText(text, px, py);
        ctx.fillText(text, px, py);
      };
      ctx.font = `650 14px ${font}`;
      for (const [g, c] of centres.entries()) {
        const [px, py] = labelAt(c);
        if (c.n) write(`${data.groups[g][0]} · ${number(data.groups[g][1])}`, px, py);
      }
      if (busy || view.scale < fitScale * 2) return;
      ctx.font = `12px ${font}`;
      let left = 60;
      for (let i = 0; i < nodes && left; i++) {
        const px = sx(i);
        const py = sy(i);
        if (px < 0 || py < 0 || px > width || py > height) continue;
        write(data.label[i], px, py + radius() + 9);
        left--;
      }
    };

    /* What lies under the pointer. */
    const find = (/** @type {number} */ px, /** @type {number} */ py, /** @type {number} */ slack) => {
      let best = (radius() + slack) ** 2;
      let node = -1;
      for (let i = 0; i < nodes; i++) {
        const d = (sx(i) - px) ** 2 + (sy(i) - py) ** 2;
        if (d < best) {
          best = d;
          node = i;
        }
      }
      if (node >= 0) return { node, pair: -1 };
      let near = 16;
      let pair = -1;
      for (const i of visible) {
        const ax = sx(a[i]);
        const ay = sy(a[i]);
        const dx = sx(b[i]) - ax;
        const dy = sy(b[i]) - ay;
        const t = Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1)));
        const d = (ax + t * dx - px) ** 2 + (ay + t * dy - py) ** 2;
        if (d < near) {
          near = d;
          pair = i;
        }
      }
      return { node: -1, pair };
    };
    /** The evidence line of a pair. */
    const note = (/** @type {number} */ i) => {
      const names = [data.label[a[i]], data.label[b[i]]];
      if (!data.note[i]) return say('js.edge', names[0], names[1], w[i].toPrecision(3), tiny(q[i]));
      const [form, ...figures] = data.note[i].split(';');
      let k = 0;
      const line = data.forms[+form][japanese() ? 0 : 1].replace(
        /[\x01-\x03]/g,
        (c) => (c === '\x03' ? figures[k++] : names[c.charCodeAt(0) - 1]),
      );
      const named = names.every((n) => line.includes(n));
      return named ? line : `${names[0]} – ${names[1]}: ${line}`;
    };
    const groupName = (/** @type {number} */ g) =>
      g < 0 ? say('js.nogroup') : say('js.group', data.groups[g][0], number(data.groups[g][1]));
    const tell = () => {
      if (over.node >= 0) {
        readout.textContent = say('js.node', data.label[over.node], groupName(group[over.node]), number(degree[over.node]));
      } else if (over.pair >= 0) readout.textContent = note(over.pair);
      else readout.textContent = lit >= 0 ? groupName(lit) : '';
      canvas.classList.toggle('over', over.node >= 0 || over.pair >= 0);
    };
    const point = (/** @type {number} */ px, /** @type {number} */ py, slack = 3) => {
      const next = find(px, py, slack);
      if (next.node === over.node && next.pair === over.pair) return;
      over = next;
      tell();
      ask();
    };
    const open = (/** @type {number} */ g) => {
      if (g < 0) return;
      keep('at', `group-${g + 1}`);
      show(`group-${g + 1}`);
    };
    /** The group whose label or accounts are at a point. */
    const groupAt = (/** @type {number} */ px, /** @type {number} */ py) => {
      if (over.node >= 0) return group[over.node];
      return centres.findIndex((c) => {
        const [lx, ly] = labelAt(c);
        return c.n > 0 && Math.abs(lx - px) < 36 && Math.abs(ly - py) < 12;
      });
    };

    /* Pointer: drag, pinch, hover, click. */
    /** @type {Map<number, {x: number, y: number}>} */
    const down = new Map();
    let travelled = 0;
    const place = (/** @type {MouseEvent} */ e) => {
      const r = canvas.getBoundingClientRect();
      return { x: e.clientX - r.left - canvas.clientLeft, y: e.clientY - r.top - canvas.clientTop };
    };
    canvas.addEventListener('pointerdown', (e) => {
      if (e.button !== 0) return;
      canvas.setPointerCapture(e.pointerId);
      down.set(e.pointerId, place(e));
      travelled = 0;
    });
    canvas.addEventListener('pointermove', (e) => {
      const p = place(e);
      const before = down.get(e.pointerId);
      if (!before) {
        point(p.x, p.y);
        return;
      }
      const others = [...down].filter(([id]) => id !== e.pointerId).map(([, v]) => v);
      if (others.length) {
        const o = others[0];
        const was = Math.hypot(before.x - o.x, before.y - o.y);
        zoom(Math.hypot(p.x - o.x, p.y - o.y) / Math.max(was, 1), (p.x + o.x) / 2, (p.y + o.y) / 2);
        pan((p.x - before.x) / 2, (p.y - before.y) / 2);
        travelled = 99;
      } else {
        travelled += Math.hypot(p.x - before.x, p.y - before.y);
        if (travelled > 3) {
          pan(p.x - before.x, p.y - before.y);
          canvas.classList.add('moving');
        }
      }
      down.set(e.pointerId, p);
    });
    const up = (/** @type {PointerEvent} */ e) => {
      const was = down.delete(e.pointerId);
      canvas.classList.remove('moving');
      if (!was || e.type !== 'pointerup' || travelled > 3) return;
      const p = place(e);
      const before = over.node;
      point(p.x, p.y, e.pointerType === 'touch' ? 12 : 3);
      // A first touch tells what is there; a second one on the same goes there.
      if (e.pointerType !== 'touch' || (over.node >= 0 && over.node === before)) open(groupAt(p.x, p.y));
    };
    canvas.addEventListener('pointerup', up);
    canvas.addEventListener('pointercancel', up);
    canvas.addEventListener('pointerleave', (e) => {
      if (e.pointerType === 'touch') return;
      over = { node: -1, pair: -1 };
      tell();
      ask();
    });
    // The wheel zooms, but a page that is being scrolled past the picture goes on.
    let scrolled = 0;
    window.addEventListener('scroll', () => { scrolled = performance.now(); }, { passive: true });
    canvas.addEventListener('wheel', (e) => {
      if (!e.ctrlKey && performance.now() - scrolled < 250) return;
      const p = place(e);
      const step = e.deltaMode === 1 ? e.deltaY * 16 : e.deltaY;
      if (zoom(Math.exp(-Math.max(-120, Math.min(120, step)) * (e.ctrlKey ? 0.01 : 0.003)), p.x, p.y) || e.ctrlKey) e.preventDefault();
    }, { passive: false });
    canvas.addEventListener('keydown', (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      /** @type {Record<string, () => void>} */
      const keys = {
        '+': () => zoom(1.4), '=': () => zoom(1.4), '-': () => zoom(1 / 1.4), 0: fit,
        ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0), ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
      };
      if (!keys[e.key]) return;
      e.preventDefault();
      keys[e.key]();
    });
    el('zoom-in').addEventListener('click', () => zoom(1.6));
    el('zoom-out').addEventListener('click', () => zoom(1 / 1.6));
    el('zoom-fit').addEventListener('click', fit);

    for (const [id, slider] of [['q', sliderQ], ['w', sliderW]]) {
      if (state.has(id)) slider.value = state.get(id);
      slider.addEventListener('input', filter);
      slider.addEventListener('change', () => keep(id, slider.value));
    }
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.legend a'))) {
      const light = (/** @type {number} */ g) => () => {
        lit = g;
        tell();
        ask();
      };
      for (const type of ['pointerenter', 'focus']) link.addEventListener(type, light(Number(link.dataset.g)));
      for (const type of ['pointerleave', 'blur']) link.addEventListener(type, light(-1));
    }

    const resize = () => {
      width = canvas.clientWidth;
      height = canvas.clientHeight;
      if (!width || !height) return;
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      if (fitted) fit();
      ask();
    };
    new ResizeObserver(resize).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', readColours);
    onTheme.push(() => {
      readColours();
      paint(); // at once: printing does not wait for a frame
    });
    onLanguage.push(tellFilter, tell);
    resize();
    readColours();
    filter();
  };

  /* ---- Start ---- */

  if (el('canvas')) network();
  /** Takes language, theme and place from the address. */
  const restore = () => {
    const first = (navigator.languages ?? [navigator.language])[0] ?? 'ja';
    const lang = state.get('lang');
    setLanguage(lang === 'ja' || lang === 'en' ? lang : first.startsWith('ja') ? 'ja' : 'en');
    const theme = state.get('theme');
    setTheme(theme === 'light' || theme === 'dark' ? theme : 'auto');
    const at = state.get('at');
    if (at) show(at);
  };
  restore();
})();
