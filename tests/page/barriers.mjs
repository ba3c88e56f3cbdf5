// Every page in three looks: axe finds no barrier, nothing is wider than the window, and the keyboard gets everywhere.

import { createRequire } from "node:module";
import { LOOKS, changeEndsWell, check, createVif, newPage, picture, ready, rest, signIn, withBrowser } from "./browser.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

await withBrowser(async (browser) => {
  const first = await newPage(browser);
  await signIn(first);
  await createVif(first, "tor");
  await changeEndsWell(first);
  const change = new URL(first.url()).pathname;
  const [vif] = await rest("/api/v1/routers/r1/vifs");
  const paths = [
    "/",
    "/routers/r1",
    "/routers/r1/changes",
    "/routers/r1/events",
    "/routers/r1/trace",
    "/routers/r1/trace?src=tor&dst=1.1.1.1&dst_port=443",
    "/routers/r1/trace?src=nobody&dst=1.1.1.1",
    "/routers/r1/settings",
    "/routers/r1/add-vif",
    `/routers/r1/vifs/${vif.id}/remove`,
    change,
    "/add-router",
    "/access",
    "/no-such-page",
  ];

  const found = [];
  for (const [look, options] of Object.entries(LOOKS)) {
    // The page's own policy forbids scripts that it did not bring; axe is one.
    const page = await newPage(browser, { ...options, bypassCSP: true });
    await page.goto(`${ready.url}/sign-in`);
    found.push(...(await barriers(page, look, "/sign-in")));
    await signIn(page);
    for (const path of paths) {
      await page.goto(ready.url + path);
      found.push(...(await barriers(page, look, path)));
    }
  }
  check(found.length === 0, found.join("\n"));
  await keyboardReaches(first);
});

async function barriers(page, look, path) {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const width = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await picture(page, `${look}${path.replaceAll(/[/?&=]/g, "-").replace(/[0-9a-f]{8,}/g, "id")}`);
  const lines = violations.map((v) => `${look} ${path}: ${v.id}: ${v.help}: ${v.nodes[0].html} (${v.nodes.length}×)`);
  if (width > 0) lines.push(`${look} ${path}: ${width} px wider than the window`);
  return lines;
}

/** From the top of the router's page, Tab alone reaches the link that creates a VIF. */
async function keyboardReaches(page) {
  await page.goto(`${ready.url}/routers/r1`);
  for (let pressed = 0; pressed < 40; pressed += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => document.activeElement?.textContent?.trim());
    if (focused?.startsWith("Create VIF")) return;
  }
  throw new Error("Tab does not reach “Create VIF”");
}
