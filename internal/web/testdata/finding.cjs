'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, looks, shot, person }) => {
  const analyst = await person(args.analyst, { lang: 'en', name: 'finding' });
  const drawn = async (p) => { await p.waitForSelector('[data-chart] canvas'); };
  const plain = `/findings/${args.plain}`;
  const hostile = `/findings/${args.hostile}`;
  await looks(analyst, 'finding', plain, drawn);
  await looks(analyst, 'finding-hostile', hostile, drawn);

  await analyst.first.setViewportSize({ width: 1280, height: 900 });
  let page = await analyst.go(hostile);
  check((await page.title()).startsWith(args.hostile), 'hostile posts change nothing', await page.title());
  const text = await page.content();
  check(!/private_person|Hidden Name/.test(text), 'no private name shows');

  // By keyboard: to the dismissal and its form.
  await page.focus('.finding-dismissing summary');
  await page.keyboard.press('Enter');
  check(await page.isVisible('#dismiss-reason'), 'the form of the dismissal opens by keyboard');
  await shot(page, 'finding-dismiss');

  // The tables sort by their heads, and stay where they are.
  await page.click('#edges thead a:has-text("q value")');
  await page.waitForURL(/edges=q/);
  check(await page.getAttribute('#edges th[aria-sort=ascending]', 'aria-sort') === 'ascending', 'the table says how it is sorted');

  // A number leads down to what it counts.
  await page.click('#accounts tbody tr:first-child td:nth-child(3) a');
  await page.waitForURL(/account=acc-/);
  const partners = Number(await page.innerText('#accounts tbody tr:first-child td:nth-child(3)'));
  check(await page.locator('#edges tbody tr').count() === partners, 'the partners of an account are its pairs', partners);

  // A note is written, and changed.
  page = await analyst.go(plain);
  await page.fill('#note-new', '同じ文面の投稿が続いている。');
  await page.click('#notes form button.main');
  await page.waitForSelector('.toast');
  check(await page.isVisible('.finding-noted:has-text("同じ文面")'), 'a note is written');
  await page.click('.finding-noted summary');
  await page.fill('.finding-noted textarea', '同じ文面の投稿は止まった。');
  await page.click('.finding-noted form button');
  await page.waitForSelector('.finding-noted:has-text("止まった")');
  check(new URL(page.url()).hash === '#notes', 'a change leads back to the notes', page.url());
  await shot(page, 'finding-notes');

  // The account leads back to the finding.
  await looks(analyst, 'finding-account', `/accounts/${args.account}`);
  await analyst.first.click('#findings a');
  await analyst.first.waitForURL(/\/findings\/F-/);
  await analyst.close();

  const viewer = await person(args.viewer, { lang: 'ja', name: 'viewer', script: false });
  page = await viewer.go(plain);
  check(await page.isVisible('#edges tbody tr'), 'the evidence is there without scripts');
  check(await page.locator('form[action$="/triage"], a[href*="/export/"], #note-new').count() === 0, 'a viewer is offered nothing to change or take away');
  await viewer.close();
});
