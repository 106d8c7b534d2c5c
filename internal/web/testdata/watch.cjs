'use strict';
// From a mandate to an alert: what watching promises.
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, shot, person }) => {
  const analyst = await person(args.analyst, { lang: 'en', name: 'analyst' });
  const lead = await person(args.lead, { lang: 'en', name: 'lead' });
  let page = await analyst.go('/mandates/new');
  await page.fill('#mandate-title', 'Treated water');
  await page.fill('#mandate-purpose', 'Find coordinated spreading of false claims.');
  await page.fill('#mandate-topics', 'treated water');
  await page.fill('#mandate-legal', 'Act on the establishment of the ministry, article 4');
  for (const kind of ['feed', 'bluesky']) await page.check(`input[name=kind][value=${kind}]`);
  await page.click('form.form button.main');
  await page.waitForSelector('.toast');
  const mandate = new URL(page.url()).pathname;
  await page.click(`form[action="${mandate}/submit"] button`);
  await page.waitForSelector('#decide');
  page = await lead.go(mandate);
  await page.click('button[value=yes]');
  await page.waitForSelector('.chip.good');

  page = await lead.go('/alerts/channels/new');
  await page.fill('[name=name]', 'Situation desk');
  await page.fill('[name=target]', 'desk@example.org');
  await page.click('main button.main');
  await page.waitForURL(/\/alerts\/settings/);
  page = await lead.go('/alerts/rules/new');
  await page.fill('[name=name]', 'Any group');
  await page.check('[name=channels]');
  await page.click('main button.main');
  await page.waitForURL(/\/alerts\/settings/);

  const add = async (kind, name, settings) => {
    page = await lead.go(`/sources/live/new?kind=${kind}`);
    await page.fill('#live-name', name);
    await page.selectOption('#live-mandate', { index: 1 });
    for (const [key, value] of Object.entries(settings)) await page.fill(`#setting-${key}`, value);
    await page.click('form.form button.main');
    await page.waitForSelector('.toast');
  };
  await add('feed', 'Outlet', { url: args.feed });
  await add('bluesky', 'Bluesky', { endpoint: args.sky, backfill: '2h' });

  page = await lead.go('/live');
  await page.waitForSelector('tbody th a[href^="/findings/F-"]', { timeout: 60_000 });
  check((await page.innerText('#stream-sources-h + *')).includes('bluesky:'), 'both sources bring posts', await page.innerText('main'));
  await shot(page, 'watch-live');
  await page.click('tbody th a[href^="/findings/F-"]');
  await page.waitForURL(/\/findings\/F-/);
  check(/8 accounts|8件のアカウント/.test(await page.innerText('main')), 'the finding is the planted group');
  for (let i = 0; i < 60; i++) {
    page = await lead.go('/alerts');
    if (await page.locator('.chip.good').count() > 0) break;
    await page.waitForTimeout(500);
  }
  check(await page.locator('.chip.good').count() === 1, 'the e-mail was sent', await page.innerText('main'));
  await shot(page, 'watch-alerts');
});
