'use strict';
/**
 * What journeys through the pages are made of. A journey is a script
 *
 *   const { journey } = require('../webtest/browser.cjs');
 *   journey(async ({ args, check, person, looks, visit }) => { … });
 *
 * with
 *
 *   args              what the Go test gave: url, chrome, shots, and its own
 *   check(good, what, detail)  one line; a false one fails the test
 *   person(path, o)   a browser context in which the page of a link that signs
 *                     in ("/enter?token=…") was gone through; path may be null.
 *                     o: {lang, theme, width, height, script: false, allow: [/…/]}
 *                     It has page(), which opens a page; go(path), which opens it
 *                     in the first; close().
 *                     While it is open it watches: an error in the console, a
 *                     breach of the content security policy, a dialog, or a
 *                     request to another host fails the test. allow names
 *                     messages that are expected (a 404 that is asked for, say).
 *   looks(who, name, path, o)  looks at a page in both languages and themes,
 *                     wide and narrow: it fits the width, axe finds nothing
 *                     serious; keeps screenshots. o: {status: 200, prepare: async
 *                     (page, {lang, theme, width}) => …}, or prepare alone
 *   axe(page, what)   looks at a page as it is
 *   shot(page, name)  keeps a screenshot
 */
const { chromium } = require('playwright-core');
const fs = require('node:fs');
const path = require('node:path');

const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

exports.widths = [1280, 390];
exports.langs = ['ja', 'en'];
exports.themes = ['light', 'dark'];

exports.journey = (f) => {
  const args = JSON.parse(process.argv[2]);
  let failed = 0;
  const check = (good, what, detail) => {
    if (!good) failed++;
    console.log(`${good ? 'ok  ' : 'FAIL'} ${what}${!good && detail !== undefined ? `: ${JSON.stringify(detail)}` : ''}`);
  };

  const shot = (page, name, options = {}) =>
    page.screenshot({ path: path.join(args.shots, `${name}.png`), fullPage: true, timeout: 120_000, ...options });

  const axe = async (page, what) => {
    // The script is evaluated by the debugger, which the policy does not bind.
    await page.evaluate(axeSource);
    const found = await page.evaluate(() => axe.run(document, {
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }));
    const bad = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
      .map((v) => [v.id, v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.failureSummary.slice(0, 240)}`)]);
    check(bad.length === 0, `${what}: axe`, bad);
    const minor = found.violations.filter((v) => !['serious', 'critical'].includes(v.impact)).map((v) => `${v.id} ${v.nodes[0].target.join(' ')}`);
    if (minor.length) console.log(`     ${what}: axe, minor: ${minor.join('; ')}`);
  };

  const open = async (browser, enter, o = {}) => {
    const context = await browser.newContext({
      viewport: { width: o.width ?? 1280, height: o.height ?? 900 },
      locale: (o.lang ?? 'en') === 'ja' ? 'ja-JP' : 'en-GB',
      colorScheme: o.theme ?? 'light', reducedMotion: 'reduce', javaScriptEnabled: o.script !== false,
    });
    const trouble = [];
    const allow = o.allow ?? [];
    const note = (text) => { if (!allow.some((a) => a.test(text))) trouble.push(text); };
    context.on('page', (page) => {
      page.on('console', (m) => { if (m.type() === 'error' || /content security policy/i.test(m.text())) note(m.text()); });
      page.on('pageerror', (e) => note(`error ${e.message}`));
      page.on('dialog', (d) => { note(`dialog ${d.message()}`); void d.dismiss(); });
    });
    context.on('request', (r) => {
      const url = r.url();
      if (!url.startsWith(args.url) && !/^(data|blob):/.test(url)) note(`request ${url}`);
    });
    const first = await context.newPage();
    const who = {
      context, trouble, first,
      page: async (to) => { const p = await context.newPage(); await p.goto(args.url + to); return p; },
      go: async (to) => { await first.goto(args.url + to); return first; },
      close: async () => {
        check(trouble.length === 0, `${o.name ?? 'the pages'}: quiet`, trouble);
        await context.close();
      },
    };
    if (enter) {
      await who.go(enter);
      await first.click('main form button');
      await first.waitForLoadState();
    }
    return who;
  };

  let addresses = 0;
  /** Goes somewhere as if from another address, which limits of attempts count. */
  const goto = async (page, to) => {
    addresses++;
    await page.setExtraHTTPHeaders({ 'X-Forwarded-For': `198.51.${100 + (addresses >> 8)}.${addresses & 255}` });
    return page.goto(args.url + to);
  };

  const looks = async (who, name, to, o = {}) => {
    const { prepare, status = 200 } = typeof o === 'function' ? { prepare: o } : o;
    for (const lang of exports.langs) {
      const page = who.first;
      await goto(page, to);
      if (await page.getAttribute('html', 'lang') !== lang) {
        await page.click('form[action="/language"] button');
        await page.waitForLoadState();
        check(new URL(page.url()).pathname === new URL(args.url + to).pathname, `${name} ${lang}: the language keeps the place`, page.url());
      }
      check(await page.getAttribute('html', 'lang') === lang, `${name} ${lang}: html lang`);
      for (const theme of exports.themes) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        for (const width of exports.widths) {
          const what = `${name} ${width} ${lang} ${theme}`;
          await page.setViewportSize({ width, height: 900 });
          const answer = await goto(page, to);
          if (answer.status() !== status) check(false, `${what}: status`, answer.status());
          if (prepare) await prepare(page, { lang, theme, width });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          if (wide > 0) check(false, `${what}: fits the width`, wide);
          if ((await page.content()).includes('⟦')) check(false, `${what}: a sentence is missing`);
          await axe(page, what);
          await shot(page, what.replaceAll(' ', '-'));
        }
      }
    }
  };

  (async () => {
    const browser = await chromium.launch({ executablePath: args.chrome, args: flags });
    try {
      await f({ args, browser, check, axe, shot, looks, person: (enter, o) => open(browser, enter, o) });
    } finally {
      await browser.close();
    }
    process.exitCode = failed ? 1 : 0;
  })().catch((e) => {
    console.error(e);
    process.exitCode = 1;
  });
};
