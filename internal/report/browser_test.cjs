'use strict';
/**
 * Looks at report pages in a real browser. Run by browser_test.go:
 *
 *   node browser_test.cjs CHROMIUM FIXTURE.html HOSTILE.html LARGE.html [SHOTS]
 *
 * Prints one line a check; ends with 1 if any failed. With SHOTS, screenshots
 * are kept in that folder.
 */
const { chromium } = require('playwright-core');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [chrome, fixture, hostile, large, shots] = process.argv.slice(2);
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let failed = 0;
/** @param {boolean} good @param {string} what @param {unknown} [detail] */
const check = (good, what, detail) => {
  if (!good) failed++;
  console.log(`${good ? 'ok  ' : 'FAIL'} ${what}${!good && detail !== undefined ? `: ${JSON.stringify(detail)}` : ''}`);
};

/** Opens a page and gathers what must not happen. */
const open = async (browser, file, hash, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  const trouble = [];
  page.on('console', (m) => { if (m.type() === 'error') trouble.push(m.text()); });
  page.on('pageerror', (e) => trouble.push(e.message));
  page.on('dialog', (d) => { trouble.push(`dialog ${d.message()}`); d.dismiss(); });
  const url = pathToFileURL(file).href;
  page.on('request', (r) => { if (r.url().split('#')[0] !== url && !r.url().startsWith('data:')) trouble.push(`request ${r.url()}`); });
  await page.goto(`${url}#${hash}`);
  await page.waitForTimeout(150);
  return { page, trouble, close: () => context.close() };
};

/** A number that stands for what the canvas shows, and how many colours it holds. */
const picture = (page) => page.evaluate(async () => {
  await new Promise((r) => setTimeout(r, 250));
  const c = document.getElementById('canvas');
  const pixels = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);
  let sum = 0;
  const colours = new Set();
  for (let i = 0; i < pixels.length; i++) {
    if (!pixels[i]) continue;
    sum = (sum * 31 + pixels[i] + i) >>> 0;
    if (colours.size < 100) colours.add(pixels[i]);
  }
  return { sum, colours: colours.size };
});

/** Where a node is on the screen at the first view. */
const nodeAt = (page, index) => page.evaluate((k) => {
  const d = JSON.parse(document.getElementById('data').textContent);
  const c = document.getElementById('canvas');
  const w = c.clientWidth;
  const h = c.clientHeight;
  const edge = Math.min(44, w / 10);
  const [x0, x1, y0, y1] = [Math.min(...d.x), Math.max(...d.x), Math.min(...d.y), Math.max(...d.y)];
  const s = Math.min((w - 2 * edge) / (x1 - x0), (h - 2 * edge) / (y1 - y0));
  const r = c.getBoundingClientRect();
  return {
    x: r.left + c.clientLeft + w / 2 + (d.x[k] - (x0 + x1) / 2) * s,
    y: r.top + c.clientTop + h / 2 + (d.y[k] - (y0 + y1) / 2) * s,
    label: d.label[k], group: d.group[k],
  };
}, index);

const looks = async (browser) => {
  for (const width of [1280, 390]) {
    for (const lang of ['ja', 'en']) {
      for (const theme of ['light', 'dark']) {
        const name = `${width} ${lang} ${theme}`;
        const { page, trouble, close } = await open(browser, fixture, `lang=${lang}&theme=${theme}`, { viewport: { width, height: 900 } });
        check(await page.evaluate(() => document.documentElement.lang) === lang, `${name}: html lang`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        check(wide <= 0, `${name}: fits the width`, wide);
        const p = await picture(page);
        check(p.colours > 20, `${name}: network painted`, p);
        await page.evaluate(() => { for (const d of document.querySelectorAll('details')) d.open = true; });
        await page.evaluate(axe);
        const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
        const bad = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
          .map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + n.failureSummary.slice(0, 200))]);
        check(bad.length === 0 && found.passes.length > 20, `${name}: axe`, bad);
        check(trouble.length === 0, `${name}: quiet`, trouble);
        if (shots) {
          await page.evaluate(() => { for (const d of document.querySelectorAll('details.behind')) d.open = false; });
          await page.screenshot({ path: path.join(shots, `${name.replaceAll(' ', '-')}.png`), fullPage: true });
        }
        await close();
      }
    }
  }
};

const uses = async (browser) => {
  const { page, trouble, close } = await open(browser, fixture, '');
  const start = await picture(page);
  const at = await nodeAt(page, 30);
  await page.mouse.move(at.x, at.y);
  await page.waitForTimeout(100);
  const told = await page.textContent('#readout');
  check(told.includes(at.label), 'pointing at an account names it', told);

  await page.waitForTimeout(300);
  await page.mouse.wheel(0, -240);
  const zoomed = await picture(page);
  check(zoomed.sum !== start.sum, 'the wheel zooms');
  await page.mouse.down();
  await page.mouse.move(at.x + 80, at.y + 40, { steps: 4 });
  await page.mouse.up();
  const dragged = await picture(page);
  check(dragged.sum !== zoomed.sum, 'dragging moves the picture');
  await page.click('#zoom-fit');
  await page.mouse.move(5, 5);
  check((await picture(page)).sum === start.sum, 'show all goes back to the first view');

  const again = await nodeAt(page, 30);
  await page.mouse.click(again.x, again.y);
  await page.waitForTimeout(200);
  check((await page.evaluate(() => location.hash)).includes(`at=group-${again.group + 1}`), 'a click opens the group');

  const words = await page.innerText('h2');
  await page.focus('#lang-en');
  await page.keyboard.press('ArrowLeft');
  check(await page.evaluate(() => document.documentElement.lang) === 'ja', 'the arrow key switches the language');
  check(await page.innerText('h2') !== words, 'the words change with it', words);
  check((await page.evaluate(() => location.hash)).includes('lang=ja'), 'the address keeps the language');
  check((await page.getAttribute('#canvas', 'aria-label')).includes('ネットワーク図'), 'labels change too');

  await page.focus('#theme-auto');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  check(ground === 'rgb(21, 24, 29)', 'the theme turns dark', ground);

  await page.focus('#w');
  for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowRight');
  const drawn = await page.textContent('#drawn');
  check(/^2\d\d \//.test(drawn), 'the slider leaves out weak pairs', drawn);
  check((await page.getAttribute('#w', 'aria-valuetext')).startsWith('≥'), 'the slider says its value');

  const sort = page.locator('#groups table.sort thead button').nth(7);
  await sort.click();
  const first = await page.locator('#groups table.sort').first().locator('tbody tr').first().innerText();
  check(first.includes('G2'), 'sorting by gap puts the longest first', first);

  const rows = () => page.evaluate(() => [...document.querySelectorAll('#group-1 .tables table')[0].tBodies[0].rows].filter((r) => r.offsetParent).length);
  check(await rows() === 20, 'twenty rows first');
  await page.locator('#group-1 button.all').first().click();
  check(await rows() === 24, 'all rows on demand');
  check(trouble.length === 0, 'quiet in use', trouble);
  await close();
};

const keyboard = async (browser) => {
  const { page, close } = await open(browser, fixture, 'lang=en');
  const want = new Set(['A.skip', 'INPUT#lang-en', 'INPUT#theme-auto', 'NAV', 'CANVAS#canvas', 'INPUT#q', 'INPUT#w', 'BUTTON#zoom-in', 'LEGEND', 'SUMMARY', 'SORT', 'ALL']);
  let unseen = 0;
  for (let i = 0; i < 160 && want.size; i++) {
    await page.keyboard.press('Tab');
    const { names, ring } = await page.evaluate(() => {
      const e = document.activeElement;
      const names = [`${e.tagName}.${e.className}`, `${e.tagName}#${e.id}`, e.tagName];
      if (e.closest('nav')) names.push('NAV');
      if (e.closest('.legend')) names.push('LEGEND');
      if (e.closest('th')) names.push('SORT');
      if (e.matches('button.all')) names.push('ALL');
      const style = getComputedStyle(e.matches('.seg input') ? e.nextElementSibling : e);
      return { names, ring: style.outlineStyle !== 'none' && style.outlineWidth !== '0px' };
    });
    if (!ring) unseen++;
    for (const n of names) want.delete(n);
  }
  check(want.size === 0, 'the Tab key reaches everything', [...want]);
  check(unseen === 0, 'the focus is always visible', unseen);
  const before = await picture(page);
  await page.focus('#canvas');
  await page.keyboard.press('+');
  await page.keyboard.press('ArrowLeft');
  check((await picture(page)).sum !== before.sum, 'keys zoom and move the picture');
  await page.focus('.legend a >> nth=3');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(300);
  check(await page.evaluate(() => document.getElementById('group-4').open && document.activeElement.tagName === 'SUMMARY'), 'Enter opens a group and goes there');
  await close();
};

const bare = async (browser) => {
  const { page, trouble, close } = await open(browser, fixture, '', { javaScriptEnabled: false });
  const box = await page.locator('svg.static').boundingBox();
  check(box !== null && box.width > 300, 'without JavaScript there is a still picture', box);
  check(trouble.length === 0, 'quiet without JavaScript', trouble);
  if (shots) await page.screenshot({ path: path.join(shots, 'bare.png') });
  await page.emulateMedia({ media: 'print' });
  if (shots) await page.screenshot({ path: path.join(shots, 'print.png'), fullPage: true });
  await close();
};

const strangers = async (browser) => {
  const { page, trouble, close } = await open(browser, hostile, 'lang=en', { viewport: { width: 390, height: 900 } });
  await page.evaluate(() => { for (const d of document.querySelectorAll('details')) d.open = true; });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(wide <= 0, 'hostile content stays within the page', wide);
  check(trouble.length === 0, 'hostile content does nothing', trouble);
  if (shots) await page.screenshot({ path: path.join(shots, 'hostile.png'), fullPage: true });
  await close();
};

const crowd = async (browser) => {
  const began = Date.now();
  const { page, trouble, close } = await open(browser, large, 'lang=en');
  const ready = Date.now() - began;
  await page.evaluate(() => document.getElementById('canvas').scrollIntoView({ block: 'center', behavior: 'instant' }));
  const whole = await picture(page);
  const r = await page.locator('#canvas').boundingBox();
  await page.evaluate(() => {
    window.frames_ = [];
    let last = performance.now();
    const tick = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
  });
  await page.mouse.move(r.x + 300, r.y + 300);
  await page.mouse.down();
  for (let i = 0; i < 60; i++) await page.mouse.move(r.x + 300 + i * 2, r.y + 300 + (i % 7));
  await page.mouse.up();
  const frames = (await page.evaluate(() => window.frames_)).sort((a, b) => a - b);
  const median = frames[frames.length >> 1];
  console.log(`     large page: ready after ${ready} ms; frames while dragging: median ${median.toFixed(1)} ms, slowest ${frames.at(-1).toFixed(1)} ms`);
  check(whole.colours > 20, 'the large network is painted', whole);
  check(median < 100, 'the large network follows the hand', median);
  check(trouble.length === 0, 'quiet when large', trouble);
  if (shots) await page.screenshot({ path: path.join(shots, 'large.png') });
  await close();
};

(async () => {
  const browser = await chromium.launch({ executablePath: chrome, args: flags });
  try {
    for (const part of [looks, uses, keyboard, bare, strangers, crowd]) await part(browser);
  } finally {
    await browser.close();
  }
  process.exitCode = failed ? 1 : 0;
})().catch((e) => {
  console.error(e);
  process.exitCode = 1;
});
