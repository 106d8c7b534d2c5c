'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, looks, axe, shot, person }) => {
  const analyst = await person(args.analyst, { lang: 'en', name: 'coordination' });
  const drawn = async (p) => {
    await p.waitForSelector('#coordination-network[data-ready="1"]');
    await p.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  };
  const at = (p, a, b) => p.evaluate(([x, y]) => document.getElementById('coordination-network').akashi.at(x, y), [a, b ?? undefined]);
  const shown = (p) => p.evaluate(() => document.getElementById('coordination-network').akashi.shown());

  await looks(analyst, 'coordination', '/coordination', drawn);
  let page = await analyst.go('/coordination');
  await drawn(page);
  check((await shown(page)).nodes === args.groups, 'each group is a bubble', await shown(page));
  check(await page.locator('.groups tbody tr').count() === args.groups, 'each group has a row');

  // Into a group by the picture.
  await page.locator('#coordination-network').scrollIntoViewIfNeeded();
  let p = await at(page, args.open);
  await page.mouse.move(p.x, p.y);
  await page.waitForFunction(() => /Group 1,/.test(document.getElementById('coordination-network-readout').textContent));
  await page.mouse.click(p.x, p.y);
  await page.waitForURL(/open=/);
  await drawn(page);
  check(page.url().includes(args.open), 'a click on a bubble opens its group', page.url());
  check(await page.isVisible('#panel.open h2'), 'the panel shows the group');
  const src = await page.getAttribute('#coordination-network', 'data-src');
  const network = await page.evaluate(async (to) => (await fetch(to)).json(), src);
  const ties = network.edges.filter((e) => e.kind === 'edge');
  check((await shown(page)).nodes === network.nodes.length, 'the accounts are there', await shown(page));
  await looks(analyst, 'coordination-open', src.replace('/network', ''), drawn);

  // From the middle of a tie, at which nothing else is, to the evidence.
  page = await analyst.go(src.replace('/network', ''));
  await page.setViewportSize({ width: 1280, height: 900 });
  await drawn(page);
  await page.locator('#coordination-network').scrollIntoViewIfNeeded();
  let found = null;
  for (const e of ties) {
    const q = await at(page, e.source, e.target);
    await page.mouse.move(q.x, q.y);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const says = await page.textContent('#coordination-network-readout');
    if (says === e.text) { found = { e, q }; break; }
  }
  check(found !== null, 'pointing at a tie says what stands behind it');
  await shot(page, 'coordination-hover');
  await page.mouse.click(found.q.x, found.q.y);
  await page.waitForURL(/edge=/);
  await page.waitForSelector('#panel .pair .post');
  check(decodeURIComponent(page.url()).includes(`${found.e.source}~${found.e.target}`), 'a click on a tie opens its evidence', page.url());
  check(await page.isVisible('#coordination-network[data-ready="1"]'), 'the picture stays while the panel changes');
  await looks(analyst, 'coordination-edge', new URL(page.url()).pathname + new URL(page.url()).search, drawn);
  page = await analyst.go(new URL(page.url()).pathname + new URL(page.url()).search);
  await page.click('#panel .actions a[href*="/edges/"]');
  await page.waitForURL(/\/findings\/.*\/edges\//);
  await looks(analyst, 'edge', new URL(page.url()).pathname + new URL(page.url()).search);
  await page.click('.pair .post-time a >> nth=0');
  await page.waitForURL(/\/posts\//);
  check(await page.isVisible('.post-text'), 'the evidence leads to a post');
  check(!/private_person|Hidden Name/.test(await page.content()), 'no private name shows');

  // The sliders: the picture follows at once, tables and address once let go.
  page = await analyst.go(src.replace('/network', ''));
  await drawn(page);
  const all = await shown(page);
  const strong = await page.locator('#coordination-tables tbody').first().locator('tr').count();
  await page.focus('#slide-w');
  await page.keyboard.press('End');
  await page.waitForFunction((n) => document.getElementById('coordination-network').akashi.shown().edges < n, all.edges);
  await page.waitForURL(/[?&]w=/);
  await page.waitForFunction((n) => document.querySelectorAll('#edges-h ~ .scroll tbody tr').length < n, strong);
  check(/≥/.test(await page.textContent('#slide-w ~ output')), 'the slider says where it stands');
  const few = await shown(page);
  await page.reload();
  await drawn(page);
  check((await shown(page)).edges === few.edges, 'the address keeps the sliders', [few, await shown(page)]);

  // The picture as a file, and its tools.
  page = await analyst.go('/coordination');
  await drawn(page);
  const before = await at(page, args.open);
  await page.click('[data-network-do=in]');
  const after = await at(page, args.open);
  check(before.x !== after.x || before.y !== after.y, 'the picture is made larger');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-network-do=png]')]);
  const chunks = [];
  for await (const c of await download.createReadStream()) chunks.push(c);
  const png = Buffer.concat(chunks);
  check(download.suggestedFilename().endsWith('.png') && png.subarray(1, 4).toString() === 'PNG' && png.length > 5000, 'the picture is saved', png.length);

  // By keyboard alone: from the table of groups to a post.
  await page.focus('.groups tbody th a >> nth=0');
  await page.keyboard.press('Enter');
  await page.waitForURL(/open=/);
  await page.focus('#edges-h ~ .scroll tbody th a >> nth=0');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#panel .pair .post');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.getElementById('panel').hidden || !document.querySelector('#panel .pair'));

  const plain = await person(args.plain, { lang: 'ja', name: 'without scripts', script: false });
  page = await plain.go('/coordination');
  check(await page.locator('.groups tbody tr').count() === args.groups, 'the table is there without scripts');
  await page.click('.groups tbody th a >> nth=0');
  await page.waitForURL(/open=/);
  await page.click('#edges-h ~ .scroll tbody th a >> nth=0');
  await page.waitForURL(/\/edges\//);
  check(await page.locator('.pair .post').count() >= 2, 'the evidence is there without scripts');
  await shot(page, 'edge-plain');
  const viewer = await person(args.viewer, { lang: 'en', name: 'viewer' });
  page = await viewer.go(`/coordination?open=${args.open}`);
  check(!(await page.isVisible('a[href*="/export/"]')), 'a viewer is offered no files');
  await analyst.close();
  await plain.close();
  await viewer.close();
});
