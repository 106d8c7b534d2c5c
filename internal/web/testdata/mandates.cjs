'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, looks, person }) => {
  const analyst = await person(args.analyst, { lang: 'en', name: 'analyst' });
  const lead = await person(args.lead, { lang: 'en', name: 'lead' });

  // One writes a mandate and submits it.
  let page = await analyst.go('/mandates/new');
  await page.fill('#mandate-title', 'Treated water');
  await page.fill('#mandate-purpose', 'Find coordinated spreading of false claims.');
  await page.fill('#mandate-topics', 'ALPS\ntreated water');
  await page.fill('#mandate-legal', 'Act on the establishment of the ministry, article 4');
  await page.check('input[name=kind][value=feed]');
  await page.click('form.form button.main');
  await page.waitForSelector('.toast');
  const mandate = new URL(page.url()).pathname;
  await page.click(`form[action="${mandate}/submit"] button`);
  await page.waitForSelector('#decide');
  check(await page.locator('button[name=decision]').count() === 0, 'who wrote it is not asked to decide');

  // Another person approves it.
  await looks(lead, 'mandates-decide', mandate);
  page = await lead.go(mandate);
  await page.click('button[value=yes]');
  await page.waitForSelector('.chip.good');
  await looks(lead, 'mandates', '/mandates');
  await looks(lead, 'mandates-form', '/mandates/new');

  // A source is added under it.
  await looks(lead, 'live-kinds', '/sources/live/new');
  await looks(lead, 'live-form', '/sources/live/new?kind=feed');
  page = await lead.go('/sources/live/new?kind=feed');
  await page.fill('#live-name', 'Example news');
  await page.selectOption('#live-mandate', { index: 1 });
  await page.fill('#setting-url', 'ftp://feed.example');
  await page.click('form.form button.main');
  await page.waitForSelector('#setting-url-error');
  check(await page.inputValue('#live-name') === 'Example news', 'what was typed is kept');
  await page.fill('#setting-url', 'http://127.0.0.1:1/feed');
  await page.click('form.form button.main');
  await page.waitForSelector('.toast');
  const source = new URL(page.url()).pathname;
  await page.focus('#live-health a');
  await page.waitForResponse((r) => new URL(r.url()).pathname === source);
  await page.waitForTimeout(300);
  check(await page.evaluate(() => Boolean(document.activeElement.closest('#live-health'))), 'the focus stays while health is read again');
  await looks(lead, 'live-source', source);
  await looks(lead, 'live', '/sources/live');
});
