'use strict';
const { journey } = require('../webtest/browser.cjs');

journey(async ({ args, check, looks, axe, shot, person }) => {
  const analyst = await person(args.analyst, { lang: 'en', name: 'coordination' });
  const drawn = async (p) => {
    await p.waitForSelector('#coordination-network[data-ready="1"]');
    await frames(p);
  };
  const at = (p, a, b) => p.evaluate(([x, y]) => document.getElementById('coordination-network').akashi.at(x, y), [a, b ?? undefined]);
  const shown = (p) => p.evaluate(() => document.getElementById('coordination-network').akashi.shown());

  const frames = (p) => p.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  /** Points at a place, as a hand does: not quite still. Gives what is said of it. */
  const pointAt = async (p, { x, y }) => {
    for (let i = 0; i < 4; i++) {
      await p.mouse.move(x + (i + 1) % 2, y);
      await frames(p);
    }
    return p.textContent('#coordination-network-readout');
  };

  await looks(analyst, 'coordination', '/coordination', drawn);
  let page = analyst.first;
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await analyst.go('/coordination');
  await drawn(page);
  check((await shown(page)).nodes === args.groups, 'each group is a bubble', await shown(page));
  check(await page.locator('.groups tbody tr').count() === args.groups, 'each group has a row');

  // Into a group by the picture.
  await page.locator('#coordination-network').scrollIntoViewIfNeeded();
  let p = await at(page, args.open);
  const says = await pointAt(page, p);
  const groups = await page.evaluate(async () => (await fetch('/coordination/network')).json());
  check(says === groups.nodes.find((n) => n.id === args.open).text, 'pointing at a bubble says what it is', says);
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
  await page.setViewportSize({ width: 1280, height: 900 });
  page = await analyst.go(src.replace('/network', ''));
  await drawn(page);
  await page.locator('#coordination-network').scrollIntoViewIfNeeded();
  let found = null;
  for (const e of ties) {
    const q = await at(page, e.source, e.target);
    if (await pointAt(page, q) === e.text) { found = { e, q }; break; }
  }
  check(found !== null, 'pointing at a tie says what stands behind it');
  await shot(page, 'coordination-hover');
  await page.mouse.click(found.q.x, found.q.y);
  await page.waitForURL(/edge=/);
  await page.waitForSelector('#panel .pair .post');
  check(decodeURIComponent(page.url()).includes(`${found.e.source}~${found.e.target}`), 'a click on a tie opens its evidence', page.url());
  check(await page.isVisible('#coordination-network[data-ready="1"]'), 'the picture stays while the panel changes');
  await looks(analyst, 'coordination-edge', new URL(page.url()).pathname + new URL(page.url()).search, drawn);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  page = await analyst.go(new URL(page.url()).pathname + new URL(page.url()).search);
  await page.click('#panel .actions a[href*="/edges/"]');
  await page.waitForURL(/\/findings\/.*\/edges\//);
  await looks(analyst, 'edge', new URL(page.url()).pathname + new URL(page.url()).search);
  await page.click('.pair .post-time a >> nth=0');
  await page.waitForURL(/\/posts\//);
  check(await page.isVisible('.post-text'), 'the evidence leads to a post');
  check(!/private_person|Hidden Name/.test(await page.content()), 'no private name shows');

  await page.setViewportSize({ width: 1280, height: 900 });
  // A rectangle around everything lists the accounts.
  page = await analyst.go(src.replace('/network', ''));
  await drawn(page);
  await page.locator('#coordination-network').scrollIntoViewIfNeeded();
  const frame = await page.locator('#coordination-network').boundingBox();
  const inside = network.nodes.filter((n) => n.kind === 'account').length;
  await page.keyboard.down('Shift');
  await page.mouse.move(frame.x + 3, frame.y + 3);
  await page.mouse.down();
  await page.mouse.move(frame.x + frame.width - 3, frame.y + frame.height - 3, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await page.waitForSelector('.picked-list li');
  check(await page.locator('.picked-list a[href^="/accounts/"]').count() === inside, 'a rectangle lists the accounts in it', inside);
  await axe(page, 'coordination with a rectangle');
  await shot(page, 'coordination-rectangle', { fullPage: false });
  await page.click('[data-network-clear]');
  check(await page.locator('.picked').isHidden(), 'the rectangle is cleared');

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
  await frames(page);
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
  check(page.url().includes('open='), 'closing the panel leaves the group open', page.url());

  // On a narrow screen the picture opens the group without covering it.
  await page.setViewportSize({ width: 390, height: 900 });
  page = await analyst.go('/coordination');
  await drawn(page);
  await page.locator('#coordination-network').scrollIntoViewIfNeeded();
  await shot(page, 'coordination-narrow', { fullPage: false });
  p = await at(page, args.open);
  await page.mouse.click(p.x, p.y);
  await page.waitForURL(/panel=closed/);
  await drawn(page);
  await page.locator('#coordination-network').scrollIntoViewIfNeeded();
  await shot(page, 'coordination-narrow-open', { fullPage: false });
  await page.click('nav a.button');
  await page.waitForSelector('#panel.open h2');

  const plain = await person(args.plain, { lang: 'ja', name: 'without scripts', script: false });
  page = await plain.go('/coordination');
  check(await page.locator('.groups tbody tr').count() === args.groups, 'the table is there without scripts');
  await page.click('.groups tbody th a >> nth=0');
  await page.waitForURL(/open=/);
  await page.click('#edges-h ~ .scroll tbody th a >> nth=0');
  await page.waitForURL(/\/edges\//);
  check(await page.locator('.pair .post').count() >= 2, 'the evidence is there without scripts');
  await shot(page, 'edge-plain');
  // Where WebGL is missing a sentence says where the same stands.
  const blind = await person(args.blind, { lang: 'en', name: 'without WebGL', allow: [/WebGL/] });
  await blind.context.addInitScript(() => {
    const get = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function context(kind, ...rest) {
      return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest);
    };
  });
  page = await blind.go('/coordination');
  await page.waitForSelector('.network-failed');
  check(!(await page.isVisible('#coordination-network')), 'no empty picture stands where none can be drawn');
  await axe(page, 'coordination without WebGL');
  await blind.close();
  const viewer = await person(args.viewer, { lang: 'en', name: 'viewer' });
  page = await viewer.go(`/coordination?open=${args.open}`);
  check(!(await page.isVisible('a[href*="/export/"]')), 'a viewer is offered no files');
  await analyst.close();
  await plain.close();
  await viewer.close();
});
