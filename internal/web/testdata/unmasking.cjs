'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, looks, person, shot }) => {
  const account = `/accounts/${args.alias}`;
  const analyst = await person(args.analyst, { lang: 'en', name: 'analyst' });
  const lead = await person(args.lead, { lang: 'en', name: 'lead' });
  await looks(analyst, 'unmasking-none', '/unmasking');
  await looks(analyst, 'marks-none', '/marks');
  const opened = async (page) => { await page.click('#unmasking summary'); };
  await looks(analyst, 'account-ask', account, opened);
  await looks(lead, 'account-mark', account, async (page) => { await page.click('#marks summary'); });

  // The analyst asks, with a reason that is too short first.
  let page = await analyst.go(`${account}?finding=${args.finding}`);
  check(!(await page.content()).includes('Hidden Name'), 'the account stands under its pseudonym');
  await page.fill('#ask-reason', 'because');
  await page.click('#unmasking form.form button.main');
  await page.waitForSelector('.problem');
  check(await page.inputValue('#ask-reason') === 'because', 'what was typed is kept');
  await page.fill('#ask-reason', 'It posts what the ministry said, word by word; is it an office? @private_person_0 may be one.');
  await page.check('input[name=for] >> nth=0');
  await page.keyboard.press('Tab');
  await page.click('#unmasking form.form button.main');
  await page.waitForSelector('.toast');
  check(await page.isVisible('text=Your request waits'), 'the account says that the request waits');
  check(!(await page.isVisible('#ask-reason')), 'nobody asks twice');
  await looks(analyst, 'account-asked', account);
  await looks(analyst, 'unmasking-waiting', '/unmasking');
  page = await analyst.go('/unmasking');
  check(!(await page.content()).includes('private_person'), 'the reason says no name');
  await page.click('.case .actions a');
  await page.waitForURL(/\/unmasking\/.+/);
  check(await page.isVisible('text=You asked for this.'), 'who asked does not decide');
  check(await page.locator('button[name=decision]').count() === 0, 'no button to decide');
  const request = new URL(page.url()).pathname;

  // The one for whom it was asked cannot decide; the lead can, where not named.
  await looks(lead, 'unmasking-decide', request);
  page = await lead.go(request);
  if (await page.locator('button[name=decision]').count() === 0) {
    check(await page.isVisible('text=This was asked for you too.'), 'those for whom it was asked do not decide');
    page = await analyst.go(account);
    await page.click('#unmasking form button:has-text("Withdraw")');
    await page.waitForSelector('.toast');
    await page.click('#unmasking summary');
    await page.fill('#ask-reason', 'It posts what the ministry said, word by word; is it an office?');
    await page.click('#unmasking form.form button.main');
    await page.waitForSelector('.toast');
    page = await lead.go('/unmasking');
    await page.click('.case .actions a');
    await page.waitForSelector('button[name=decision]');
    await looks(lead, 'unmasking-decide', new URL(page.url()).pathname);
    page = await lead.go(new URL(page.url()).pathname);
  }
  await page.click('button[value=no]');
  await page.waitForSelector('.problem');
  await page.click('button[value=yes]');
  await page.waitForSelector('.toast');
  check(await page.isVisible('text=lead agreed').catch(() => false) || await page.locator('.course li').count() === 2, 'the history has the yes');
  await looks(lead, 'unmasking-held', new URL(page.url()).pathname);
  await looks(lead, 'unmasking-holding', '/unmasking?state=holding');

  // The analyst sees the name, nobody else does, and then no more.
  page = await analyst.go(account);
  check(await page.textContent('h1') === 'Hidden Name', 'the analyst sees the name', await page.textContent('h1'));
  await looks(analyst, 'account-unmasked', account);
  const viewer = await person(args.viewer, { lang: 'ja', name: 'viewer' });
  page = await viewer.go(account);
  check(!(await page.content()).includes('Hidden Name'), 'a viewer does not');
  page = await analyst.go(account);
  await page.click('#unmasking form button:has-text("End the disclosure")');
  await page.waitForSelector('.toast');
  check(!(await page.content()).includes('Hidden Name'), 'the name is gone when the grant is');
  check((await page.textContent('h1')).startsWith('acc-'), 'the pseudonym is back');
  await looks(analyst, 'unmasking-past', '/unmasking?state=past');

  // A mark shows the name to all, and can be undone.
  page = await lead.go(account);
  await page.click('#marks summary');
  await page.check('input[name=class] >> nth=1');
  await page.fill('#mark-source', 'https://paper.example/accounts');
  await page.click('#marks form.form button.main');
  await page.waitForSelector('.toast');
  check(await page.textContent('h1') === 'Hidden Name', 'a marked account is shown by name');
  await looks(lead, 'account-marked', account);
  await looks(lead, 'marks', '/marks');
  page = await viewer.go('/marks');
  check(await page.isVisible('text=Hidden Name'), 'a viewer sees marked accounts');
  page = await lead.go(account);
  await page.click('#marks summary:has-text("Remove")');
  await page.fill('#unmark-why', 'It is a private person after all.');
  await page.click('#marks form.form button:has-text("Remove")');
  await page.waitForSelector('.toast');
  check((await page.textContent('h1')).startsWith('acc-'), 'the pseudonym is back without the mark');
  await page.click('.toast form button');
  await page.waitForSelector('.toast');
  check(await page.textContent('h1') === 'Hidden Name', 'the removal is undone');
  await shot(page, 'account-mark-undone');
});
