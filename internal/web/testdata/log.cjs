'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, looks, person }) => {
  const admin = await person(args.admin, { lang: 'en', name: 'administrator', allow: [/status of 4\d\d/] });
  await looks(admin, 'log', '/log');
  await looks(admin, 'log-filter', '/log?action=finding.note&since=2020-01-01T09%3A00');
  await looks(admin, 'log-none', '/log?action=nothing.such');
  await looks(admin, 'log-wrong', '/log?actor=nobody+like+this', { status: 422 });
  await looks(admin, 'log-line', '/log/' + args.line);
  await looks(admin, 'log-export', '/log/export?action=finding.note');

  // By keyboard from the filter to a line.
  let page = await admin.go('/log');
  await page.focus('#log-action');
  await page.keyboard.type('finding.triage');
  await page.keyboard.press('Enter');
  await page.waitForURL(/action=finding.triage/);
  check(await page.locator('.log tbody tr').count() === 1, 'the filter finds one line', await page.locator('.log tbody tr').count());
  check(await page.isVisible('.chip a'), 'the filter is a chip that can be taken out');
  check(!(await page.title()).includes('owned'), 'a hostile line changes nothing', await page.title());
  await page.focus('.log tbody th a');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/log\/\d+$/);
  const [proof] = await Promise.all([page.waitForEvent('download'), page.click('a[href$="/proof"]')]);
  check(/^akashi-log-\d+-proof\.json$/.test(proof.suggestedFilename()), 'the proof is a file', proof.suggestedFilename());

  // Older lines and back.
  page = await admin.go('/log');
  const first = await page.textContent('.log tbody th');
  await page.click('a[rel=next]');
  await page.waitForURL(/before=/);
  check(await page.textContent('.log tbody th') !== first, 'older lines come');
  await page.click('a[href="/log"]:has(.icon):visible >> nth=-1');
  await page.waitForURL((u) => u.pathname === '/log' && !u.search);

  // A file, of what the page counted.
  page = await admin.go('/log/export?action=finding.note');
  check((await page.textContent('main')).includes('60 lines'), 'the page counts the lines');
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('button[value=csv]')]);
  check(file.suggestedFilename().endsWith('.csv'), 'the file is a table', file.suggestedFilename());
  await admin.close();
});
