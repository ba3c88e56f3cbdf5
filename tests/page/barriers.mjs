// Every page in three looks: axe finds no barrier, nothing is wider than the window, and the keyboard gets everywhere.

import { barriers } from "./axe.mjs";
import { LOOKS, changeEndsWell, check, createVif, newPage, ready, rest, signIn, withBrowser } from "./browser.mjs";

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
    `/routers/r1/vifs/${vif.id}`,
    `/routers/r1/vifs/${vif.id}/edit`,
    `/routers/r1/vifs/${vif.id}/history?range=7d`,
    `/routers/r1/vifs/${vif.id}/remove`,
    change,
    "/add-router",
    "/access",
    "/no-such-page",
  ];

  const found = [];
  for (const [look, options] of Object.entries(LOOKS)) {
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
