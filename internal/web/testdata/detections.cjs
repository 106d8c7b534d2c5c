'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, axe, shot, looks, person }) => {
  const lead = await person(args.lead, { lang: 'en', name: 'detections', allow: [/status of 409/, /status of 422/] });
  await looks(lead, 'detections', '/detections');
  await looks(lead, 'detection', `/detections/${args.detection}`);
  await looks(lead, 'detection-form', '/detections/new');
  await looks(lead, 'detection-run', `/detections/runs/${args.run}`, async (p) => { for (const d of await p.locator('main details').all()) await d.evaluate((e) => { e.open = true; }); });
  await looks(lead, 'detection-runs', '/detections/runs');
  let page = await lead.go('/detections');
  await page.setViewportSize({ width: 1280, height: 900 });
  if (await page.getAttribute('html', 'lang') !== 'en') await page.click('form[action="/language"] button');

  // One that is wrong says so at the field, and keeps what was typed.
  await page.click('a[href="/detections/new"]');
  await page.fill('[name=name]', 'Every morning');
  await page.fill('#detection-q', 'platform:(');
  await page.fill('[name=fdr]', '0');
  await page.check('[name=schedule][value=own]');
  await page.fill('[name=cron]', 'every day');
  await page.click('main button.main');
  check(await page.locator('.field-error').count() === 3, 'three fields are wrong', await page.locator('.field-error').allInnerTexts());
  check(await page.inputValue('[name=name]') === 'Every morning', 'what was typed stays');
  await axe(page, 'detection-form, wrong');
  await shot(page, 'detection-form-wrong');
  await page.fill('#detection-q', '');
  await page.fill('[name=fdr]', '5');
  await page.check('[name=schedule][value=daily]');
  await page.click('main button.main');
  await page.waitForSelector('.toast:has-text("saved")');
  check((await page.innerText('main')).includes('Every day at 06:00'), 'the schedule is told in words');

  // Run it, and see what it did.
  await page.click('main form[action$="/run"] button');
  await page.waitForURL(/\/detections\/runs\//);
  await page.waitForSelector('h1 + .chip:has-text("Done")', { timeout: 60_000 });
  check((await page.innerText('main')).includes('4 new'), 'the page says what came of it', await page.innerText('.lead'));
  await shot(page, 'detection-run-done');
  await page.click('main a.main[href^="/inbox?run="]');
  await page.waitForURL(/\/inbox\?run=/);
  check(await page.locator('[data-row]').count() === 4, 'the run leads to its findings', await page.locator('[data-row]').count());
  check(await page.isVisible('.chip:has-text("Every morning")'), 'and the filter says so');

  // Changed by two at once.
  page = await lead.go('/detections');
  await page.click('article:has-text("Every morning") a[href^="/detections/edit/"]');
  const other = await lead.page(new URL(page.url()).pathname);
  await other.fill('[name=group]', '5');
  await other.click('main button.main');
  await other.waitForSelector('.toast');
  await page.fill('[name=group]', '6');
  await page.click('main button.main');
  check(await page.isVisible('.problem') && await page.inputValue('[name=group]') === '6', 'a conflict keeps what was typed');
  await axe(page, 'detection-form, conflict');
  await shot(page, 'detection-form-conflict');
  await page.click('main button.main');
  await page.waitForSelector('.toast');
  check((await page.innerText('.history')).includes('6 accounts or more'), 'the history keeps all versions');
  await page.click('summary:has-text("Delete")');
  await page.click('form[action$="/delete"] button');
  await page.waitForSelector('.toast:has-text("deleted")');
  check(await page.locator('article').count() === 1, 'it is gone');
  await lead.close();

  const analyst = await person(args.analyst, { lang: 'ja', name: 'analyst' });
  page = await analyst.go('/detections');
  check(await page.isVisible('form[action$="/run"]') && !(await page.isVisible('a[href^="/detections/edit"]')), 'an analyst runs and does not change');
  check(!(await page.content()).includes('private_person'), 'no private name shows');
  await analyst.close();
});
