'use strict';
// From the demo's link to a decision and back: what the README promises.
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, shot, person }) => {
  const who = await person(args.enter, { lang: 'en', name: 'demo' });
  const page = who.first;
  const frames = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  for (const lang of ['ja', 'en']) {
    await who.go('/');
    check(new URL(page.url()).pathname === '/inbox', `${lang}: the way in leads to the inbox`, page.url());
    if (await page.getAttribute('html', 'lang') !== lang) {
      await page.click('form[action="/language"] button');
      await page.waitForLoadState();
    }
    check(await page.getAttribute('html', 'lang') === lang, `${lang}: the language`);
    const rows = page.locator('[data-list] > *');
    const before = await rows.count();
    check(before === args.findings, `${lang}: the inbox holds what was found`, before);
    await shot(page, `demo-inbox-${lang}`);

    await rows.nth(args.skip).locator('a').first().click();
    await page.waitForSelector('#panel.open h2');
    check(/open=/.test(page.url()), `${lang}: the panel is in the address`, page.url());
    await shot(page, `demo-panel-${lang}`, { fullPage: false });
    await page.locator('#panel .actions a.main').click();
    await page.waitForURL(/\/findings\/F-/);
    const finding = new URL(page.url()).pathname;
    await page.waitForSelector('[data-network][data-ready="1"]');
    await shot(page, `demo-finding-${lang}`);

    // The network: a click on the middle of a tie leads to its evidence.
    await page.locator('#network a[href^="/coordination?"]').click();
    await page.waitForSelector('#coordination-network[data-ready="1"]');
    await page.locator('#coordination-network').scrollIntoViewIfNeeded();
    const src = await page.getAttribute('#coordination-network', 'data-src');
    const ties = (await page.evaluate(async (to) => (await fetch(to)).json(), src)).edges.filter((e) => e.kind === 'edge');
    let opened = false;
    for (const e of ties) {
      const { x, y } = await page.evaluate(([a, b]) => document.getElementById('coordination-network').akashi.at(a, b), [e.source, e.target]);
      for (let i = 0; i < 4; i++) { await page.mouse.move(x + i % 2, y); await frames(); }
      if (await page.textContent('#coordination-network-readout') !== e.text) continue;
      await page.mouse.click(x, y);
      await page.waitForURL(/edge=/);
      opened = true;
      break;
    }
    check(opened, `${lang}: a tie can be clicked in the picture`);
    await page.waitForSelector('#panel .pair .post');
    await shot(page, `demo-tie-${lang}`, { fullPage: false });
    await page.locator('#panel .post-time a').first().click();
    await page.waitForURL(/\/posts\//);
    check((await page.textContent('.post-text')).trim() !== '', `${lang}: behind the tie stands a post`);
    await shot(page, `demo-post-${lang}`);

    // A decision with its reason, and back.
    await who.go(finding);
    await page.locator('.finding-dismissing summary').click();
    await page.selectOption('#dismiss-reason', 'chance');
    await page.locator('.finding-dismissing form button').click();
    await page.waitForSelector('.toast form button');
    await shot(page, `demo-dismissed-${lang}`, { fullPage: false });
    await who.go('/inbox');
    check(await rows.count() === before - 1, `${lang}: dismissed, it is out of the inbox`, await rows.count());
    await who.go(finding);
    await page.locator('#history form[action="/findings/undo"] button').first().click();
    await page.waitForSelector('.toast');
    await who.go('/inbox');
    check(await rows.count() === before, `${lang}: undone, it is there again`, await rows.count());
  }
  await who.close();
});
