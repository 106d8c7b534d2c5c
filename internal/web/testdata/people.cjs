'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, looks, person }) => {
  const admin = await person(args.admin, { lang: 'ja', name: 'administrator', allow: [/status of 4\d\d/] });
  await looks(admin, 'people', '/people');
  await looks(admin, 'people-none', '/people?q=nobody-like-this');
  await looks(admin, 'people-person', '/people/' + args.person);
  await looks(admin, 'people-disabled', '/people/' + args.gone);
  await looks(admin, 'people-rights', '/people/roles');
  await looks(admin, 'people-invite', '/people/invite');
  let page = await admin.go('/people');
  check((await page.title()).includes('People') || (await page.title()).includes('利用者'), 'a hostile name changes nothing', await page.title());

  // An invitation, by keyboard: what is wrong is said, then there is a link.
  await page.click('a[href="/people/invite"]');
  await page.focus('#invite-name');
  await page.keyboard.type('林崎 栞');
  await page.keyboard.press('Tab');
  await page.keyboard.type('hayashizaki');
  await page.focus('#role-viewer');
  await page.keyboard.press('Space');
  await page.focus('#role-auditor');
  await page.keyboard.press('Space');
  await page.focus('main form button.main');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.problem');
  check(await page.inputValue('#invite-name') === '林崎 栞' && await page.isChecked('#role-viewer'), 'what was typed stays');
  await page.uncheck('#role-auditor');
  await page.click('main form button.main');
  await page.waitForSelector('.secret code');
  const link = await page.textContent('.secret code');
  check(link.startsWith(args.url + '/invite?token='), 'the link is shown whole');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.click('.secret [data-copy]');
  await page.waitForSelector('.toast');
  check(await page.evaluate(() => navigator.clipboard.readText()) === link, 'the link is copied');
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    check(wide <= 0, `the link fits ${width}`, wide);
    await page.screenshot({ path: `${args.shots}/people-link-${width}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  const fresh = await person(null, { lang: 'ja', name: 'who is invited' });
  const theirs = await fresh.go(link.slice(args.url.length));
  check(await theirs.isVisible('text=林崎 栞'), 'the link leads to the invitation');
  await fresh.close();

  // Roles, and back.
  page = await admin.go('/people/' + args.person);
  await page.check('#role-lead');
  await page.click('form[action$="/roles"] button.main');
  await page.waitForSelector('.toast');
  check(await page.isChecked('#role-lead'), 'the role is given');
  await page.click('.toast form button');
  await page.waitForFunction(() => !document.querySelector('#role-lead').checked);
  check(await page.isChecked('#role-analyst') && await page.isChecked('#role-communicator'), 'and taken back with all as it was');
  await page.click('form[action$="/disable"] button');
  await page.waitForSelector('form[action$="/enable"]');
  check(await page.isVisible('.toast form[action$="/enable"]'), 'disabling can be undone');
  await admin.close();

  const auditor = await person(args.auditor, { lang: 'en', name: 'auditor' });
  page = await auditor.go('/people?sort=-login');
  check(await page.locator('#people tbody tr').count() >= 6 && !await page.isVisible('a[href="/people/invite"]'), 'an auditor sees people and invites nobody');
  await auditor.close();
});
