'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, looks, person }) => {
  const analyst = await person(args.analyst, { lang: 'en', name: 'stream' });
  await looks(analyst, 'stream', '/live');
  const page = await analyst.go('/live');
  const count = async () => Number((await page.innerText('tr:has-text("bluesky:two") td:nth-of-type(2)')).replace(/\D/g, ''));
  const before = await count();
  await page.waitForFunction((n) => {
    const row = [...document.querySelectorAll('tr')].find((r) => r.textContent.includes('bluesky:two'));
    return row && Number(row.querySelectorAll('td')[1].textContent.replace(/\D/g, '')) > n;
  }, before, { timeout: 20_000 });
  check(await count() > before, 'the page follows by itself', await count());
  check(await page.locator('tbody th a[href^="/findings/"]').count() > 0, 'what acts is listed');
  await page.click('tbody th a[href^="/findings/"]');
  await page.waitForURL(/\/findings\//);
});
