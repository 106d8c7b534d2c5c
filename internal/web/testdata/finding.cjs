'use strict';
const { journey } = require('../webtest/browser.cjs');

/** From the inbox to a post behind a tie, and a decision that is taken back. */
const walk = async (who, check, lang) => {
  const page = await who.go('/inbox');
  if (await page.getAttribute('html', 'lang') !== lang) {
    await page.click('form[action="/language"] button');
    await page.waitForLoadState();
  }
  const rows = page.locator('[data-list] > *');
  const before = await rows.count();
  check(before >= 4, `${lang}: the inbox lists what was found`, before);
  await page.locator('[data-list] a[href^="/findings/"]').first().click();
  await page.waitForURL(/\/findings\/F-/);
  const finding = new URL(page.url()).pathname;
  check(await page.locator('.pair .post').count() > 1, `${lang}: posts stand side by side`);
  await page.waitForSelector('#finding-network canvas');
  await page.locator('#network a[href*="/edges/"]').first().click();
  await page.waitForURL(/\/edges\//);
  await page.locator('.post .post-time a').first().click();
  await page.waitForURL(/\/posts\//);
  check(await page.locator('.post').count() >= 1, `${lang}: the post behind the tie`);
  await who.go(finding);
  await page.locator('details.dismiss > summary').click();
  await page.selectOption('#dismiss-reason', 'chance');
  await page.locator('details.dismiss form button').click();
  await page.waitForSelector('.toast');
  check(await page.locator('.head .chip').first().textContent() !== '', `${lang}: the finding says where it stands`);
  await page.locator('.toast form button').click();
  await page.waitForSelector('.toast');
  await who.go('/inbox');
  check(await rows.count() === before, `${lang}: undone, it is in the inbox again`, await rows.count());
};

journey(async ({ args, check, looks, person }) => {
  const analyst = await person(args.analyst, { lang: 'en', name: 'finding' });
  const drawn = async (p) => {
    await p.waitForSelector('#timeline [data-chart] canvas');
    await p.waitForSelector('#finding-network[data-ready]');
  };
  await looks(analyst, 'finding', `/findings/${args.short}`, drawn);
  await looks(analyst, 'finding-hostile', `/findings/${args.hostile}`, drawn);
  for (const lang of ['ja', 'en']) await walk(analyst, check, lang);
  const page = await analyst.go(`/findings/${args.hostile}`);
  check((await page.title()).includes('F-'), 'hostile posts change nothing', await page.title());
  await page.fill('#note-text', '確認しました。');
  await page.locator('#notes form button').last().click();
  await page.waitForSelector('.toast');
  check(await page.isVisible('.written:has-text("確認しました。")'), 'a note is kept');
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#files a[href*="edges.csv"]')]);
  check(/^F-.*edges\.csv$/.test(file.suggestedFilename()), 'the edges come as a file', file.suggestedFilename());
  await analyst.close();
});
