'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, axe, shot, looks, person }) => {
  const analyst = await person(args.analyst, { lang: 'en', name: 'inbox', allow: [/status of 409/, /status of 422/] });
  await looks(analyst, 'inbox', '/inbox');
  await looks(analyst, 'inbox-empty', '/inbox?state=linked');
  let page = await analyst.go('/');
  check(new URL(page.url()).pathname === '/inbox', 'the start page is the inbox', page.url());
  const first = await page.getAttribute('[data-row] >> nth=0', 'data-row');
  const second = await page.getAttribute('[data-row] >> nth=1', 'data-row');
  await looks(analyst, 'inbox-panel', `/inbox?open=${first}`);
  page = await analyst.go('/inbox');
  await page.setViewportSize({ width: 1280, height: 900 });
  if (await page.getAttribute('html', 'lang') !== 'en') await page.click('form[action="/language"] button');
  const focus = () => page.evaluate(() => document.activeElement.closest('[data-row]')?.dataset.row);
  const chip = (id) => page.innerText(`#row-${id} .row-title .chip`);
  const note = async (text) => { await page.waitForSelector(`.toast:has-text("${text}")`); };

  // By keyboard alone.
  await page.keyboard.press('j');
  check(await focus() === first, 'j goes to the first finding', await focus());
  await page.keyboard.press('Enter');
  await page.waitForSelector('#panel.open h2');
  check(page.url().includes(`open=${first}`), 'Enter opens the panel and the address says so', page.url());
  await axe(page, 'panel opened by htmx');
  await page.keyboard.press('Escape');
  check(await page.isHidden('#panel'), 'Escape closes it');
  await page.keyboard.press('e');
  await note('being looked at');
  check(await chip(first) === 'Being looked at', 'e marks as being looked at', await chip(first));
  check(await focus() === first, 'and the focus stays');
  await page.keyboard.press('a');
  await note('taken on 1 finding');
  check(await page.isVisible(`#row-${first} .owner`), 'a takes it on');
  await page.keyboard.press('u');
  await note('as it was before');
  check(!(await page.isVisible(`#row-${first} .owner`)), 'u undoes the last');
  check(await chip(first) === 'Being looked at', 'and only the last');

  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#panel.open h2');
  await page.keyboard.press('a');
  await page.waitForSelector('#panel button[name=owner][value=none]');
  check(await page.isVisible('#panel.open') && await page.isVisible(`#row-${first}.open .owner`), 'an open panel follows what a key did');
  await axe(page, 'panel after a key');
  await page.keyboard.press('u');
  await note('as it was before');
  check(await page.isVisible('#panel button[name=owner][value=me]'), 'and undoing it');

  // Several together, and back.
  await page.goto(args.url + '/inbox?sort=novelty');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  check((await page.innerText('[data-selection-count]')) === '2 selected', 'x selects two');
  await page.keyboard.press('a');
  await note('taken on 2 findings');
  check(await page.locator('.row .owner').count() === 2, 'a takes both on');
  check(page.url().includes('sort=novelty'), 'and stays at the place', page.url());
  await page.keyboard.press('u');
  await note('2 findings are as they were before');
  await page.check(`#row-${first} [data-select]`);
  await page.check(`#row-${second} [data-select]`);
  await page.click('[data-selection-bar] summary');
  await axe(page, 'reasons');
  await shot(page, 'inbox-reasons', { fullPage: false });
  await page.click('[data-selection-bar] .reasons button:has-text("Openly organised campaign")');
  await note('2 findings were dismissed');
  check(!(await page.isVisible(`#row-${first}`)), 'what is dismissed leaves the open ones');
  await page.keyboard.press('u');
  await note('2 findings are as they were before');
  check(await page.isVisible(`#row-${first}`), 'and comes back');

  // Dismissing in the panel, with a reason.
  await page.goto(`${args.url}/inbox?open=${first}`);
  await page.click('.dismiss summary');
  await page.selectOption('#dismiss-reason', 'other');
  await page.click('.dismiss button');
  check((await page.innerText('main')).includes('needs a few words'), 'another reason needs words');
  await page.goBack();
  await page.goto(`${args.url}/inbox?state=all&open=${first}`);
  await page.click('.dismiss summary');
  await page.selectOption('#dismiss-reason', 'other');
  await page.fill('#dismiss-text', 'A festival in one town');
  await page.click('.dismiss button');
  await note('1 finding was dismissed');
  check((await page.innerText('#panel')).includes('A festival in one town'), 'the reason stands in the panel');
  check(await chip(first) === 'Dismissed', 'and the state in the list');
  await page.keyboard.press('u');
  await note('as it was before');
  check(await chip(first) !== 'Dismissed', 'u undoes it');

  // Somebody else is faster.
  await page.goto(`${args.url}/inbox?open=${second}`);
  const other = await analyst.page(`/inbox?open=${second}`);
  await other.click('#panel button:has-text("Being looked at")');
  await other.waitForSelector('.toast');
  await page.click('.dismiss summary');
  await page.selectOption('#dismiss-reason', 'other');
  await page.fill('#dismiss-text', 'Kept words');
  await page.click('.dismiss button');
  check((await page.innerText('main')).includes('Kept words'), 'a conflict keeps what was typed');
  await axe(page, 'conflict');
  await shot(page, 'inbox-conflict');
  await page.click('main button.main');
  await note('1 finding was dismissed');
  await page.goto(`${args.url}/inbox?q=nothing+is+called+so`);
  check(await page.isVisible('.empty a[href="/inbox"]'), 'an empty filter says the next thing to do');
  check(!(await page.content()).includes('private_person'), 'no private name shows');
  await analyst.close();

  const viewer = await person(args.viewer, { lang: 'ja', name: 'viewer' });
  page = await viewer.go(`/inbox?state=all&open=${first}`);
  check(await page.locator('[data-select], #panel form').count() === 0, 'a viewer is offered no change');
  await viewer.close();

  const bare = await person(args.bare, { lang: 'en', name: 'without JavaScript', script: false });
  page = await bare.go('/inbox?state=all');
  await page.check(`#row-${first} [data-select]`);
  await page.click('noscript button[value=assign]');
  check((await page.innerText('.toast')).length > 0 && await page.locator('.row .owner').count() >= 1, 'it works without JavaScript');
  await shot(page, 'inbox-bare');
  await bare.close();
});
