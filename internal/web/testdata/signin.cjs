'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, axe, shot, looks, person }) => {
  // Pages of people who are not signed in.
  const nobody = await person(null, { lang: 'ja', name: 'nobody', allow: [/status of 4\d\d/] });
  await looks(nobody, 'login', '/login?next=/settings');
  await nobody.first.goto(args.url + '/settings?x=1');
  check(nobody.first.url().endsWith('/login?next=%2Fsettings%3Fx%3D1'), 'who is not signed in comes to the login', nobody.first.url());
  await nobody.first.fill('#login', 'nobody');
  await nobody.first.fill('#password', 'wrong password');
  await nobody.first.click('form[action="/login"] button');
  await nobody.first.waitForSelector('.problem');
  check(await nobody.first.isVisible('.problem'), 'a wrong password is said');
  check(await nobody.first.inputValue('[name=next]') === '/settings?x=1', 'the place is kept');
  await looks(nobody, 'setup', args.setup);
  await looks(nobody, 'invite', args.invite);
  await looks(nobody, 'enter', args.viewer);
  await looks(nobody, 'link-bad', '/invite?token=nothing', { status: 410 });
  await nobody.close();

  // The set-up, by keyboard, with a password that will not do first.
  const admin = await person(null, { lang: 'en', name: 'set-up', allow: [/status of 4\d\d/] });
  let page = await admin.go(args.setup);
  await page.keyboard.type('admin');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Ada Minister');
  await page.keyboard.press('Tab');
  await page.keyboard.type('short');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#new-password-error');
  check(await page.isVisible('#new-password-error'), 'a short password is said at its field');
  check(await page.inputValue('#login') === 'admin', 'what was typed stays');
  await page.fill('#new-password', 'seven lamps on the strait');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/sources');
  check(true, 'the set-up signs in');

  // Settings: passkey, token, language.
  const cdp = await admin.context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
  } });
  await page.goto(args.url + '/settings');
  await page.fill('#passkey-name', 'work laptop');
  await page.click('form[action="/settings/passkeys"] button');
  await page.waitForSelector('.toast');
  check(await page.isVisible('text=work laptop'), 'a passkey is added', await page.innerText('#toasts'));
  await page.fill('#token-name', 'nightly export');
  await page.check('#tokens input[name=scope] >> nth=0');
  await page.click('#tokens form.form button');
  check((await page.innerText('.secret code')).startsWith('aka_'), 'a token is shown once');
  await shot(page, 'settings-token');
  await page.goto(args.url + '/settings');
  check(!(await page.content()).includes('aka_'), 'and never again');
  check(await page.isVisible('text=nightly export'), 'its name stays');
  await page.click('form[action$="/revoke"] button');
  check(await page.isVisible('#tokens .chip'), 'it is revoked');
  await page.selectOption('#set-lang', 'ja');
  await page.click('form[action="/settings/preferences"] button');
  check(await page.getAttribute('html', 'lang') === 'ja', 'the language is set');
  await page.click('summary:has-text("Ada")');
  await page.click('form[action="/logout"] button');
  await page.waitForURL('**/login');
  check(await page.isVisible('.toast'), 'signing out is said');
  await page.click('form[action="/login/passkey"] button');
  await page.waitForURL('**/sources');
  check(true, 'the passkey signs in');
  await looks(admin, 'settings', '/settings');
  await looks(admin, 'confirm', '/confirm');
  await looks(admin, 'about', '/about');
  await looks(admin, 'keys', '/keys');
  await looks(admin, 'missing', '/nowhere', { status: 404 });
  await admin.close();
});
