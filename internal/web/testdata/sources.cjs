'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, looks, person }) => {
  const lead = await person(args.lead, { lang: 'ja', name: 'sources', allow: [/status of 422/] });
  await looks(lead, 'sources-empty', '/sources');
  await looks(lead, 'sources-upload', '/sources/import', async (page) => { await page.click('.sources-more > summary'); });

  // A file that is none is refused with what was expected.
  let page = await lead.go('/sources/import');
  await page.setInputFiles('#upload-file', args.picture);
  await page.fill('#upload-mandate', '外務省の指示に基づく処理水関連の情報操作の監視');
  await page.click('button[value="import"]');
  await page.waitForSelector('.problem');
  check(await page.inputValue('#upload-mandate') !== '', 'what was typed stays');

  // A table, looked at first, by keyboard alone.
  await page.setInputFiles('#upload-file', args.table);
  await page.fill('#upload-source', '処理水の監視');
  await page.focus('button[value="look"]');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/sources\/imports\/[^/]+$/);
  const one = new URL(page.url()).pathname;
  await page.waitForSelector('#preview-h');
  await looks(lead, 'sources-preview', one);
  page = await lead.go(one);
  await page.focus('form[action$="/continue"] button');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.head .chip.warn');
  check(await page.locator('[data-events]').count() === 0, 'nothing is followed any more');
  check((await page.content()).includes('private_person'), 'who may import sees why rows cannot be read');
  await looks(lead, 'sources-import', one);
  await looks(lead, 'sources', '/sources');
  await looks(lead, 'sources-panel', `/sources?open=${encodeURIComponent('処理水の監視')}`);

  page = await lead.go('/sources');
  await page.click('tbody th a >> nth=0');
  await page.waitForSelector('#panel h2');
  check(page.url().includes('open='), 'the address says that the panel is open', page.url());
  await page.click('#panel .actions a');
  await page.waitForURL(/\/search\?/);
  check(await page.locator('.post').count() === 30, 'the search shows the posts of the source', await page.locator('.post').count());

  const admin = await person(args.admin, { lang: 'en', name: 'operation' });
  await looks(admin, 'operation', '/operation');
  page = await admin.go('/operation');
  await page.click('.operation-states a >> nth=4');
  await page.waitForURL(/state=completed/);
  await page.click('tbody td a >> nth=0');
  await page.waitForURL(/\/sources\/imports\//);
  check(await page.locator('a[href^="/search"]').count() === 0, 'an administrator is led to no posts');

  const bare = await person(args.bare, { lang: 'en', name: 'without scripts', script: false });
  page = await bare.go('/sources/import');
  await page.setInputFiles('#upload-file', args.table);
  await page.fill('#upload-mandate', 'Monitoring by order of the ministry');
  await page.click('button[value="import"]');
  await page.waitForURL(/\/sources\/imports\//);
  for (const who of [lead, admin, bare]) await who.close();
});
