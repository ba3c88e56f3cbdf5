// The same as the tour, with JavaScript switched off: every form is a form.

import { LOOKS, changeEndsWell, check, createVif, exported, newPage, picture, signIn, withBrowser } from "./browser.mjs";

await withBrowser(async (browser) => {
  const page = await newPage(browser, { ...LOOKS.light, javaScriptEnabled: false });
  const before = await exported();
  await signIn(page);
  await createVif(page, "tor");
  await changeEndsWell(page);
  await page.goto(`${new URL(page.url()).origin}/routers/r1`);
  await page.getByRole("heading", { name: "tor", level: 3 }).waitFor();
  await picture(page, "router-without-javascript");
  await page.getByRole("link", { name: "Trace", exact: true }).click();
  await page.getByLabel("From").fill("tor");
  await page.getByLabel("To", { exact: true }).fill("192.168.88.10");
  await page.getByRole("button", { name: "Trace" }).click();
  await page.getByRole("heading", { name: /It would be dropped by .*private/ }).waitFor();
  await page.goBack();
  await page.goBack();
  await page.getByRole("link", { name: "Remove tor" }).click();
  await page.getByRole("button", { name: "Remove tor" }).click();
  await page.waitForURL(/\/change-sets\//);
  await changeEndsWell(page);
  check((await exported()) === before, "the router is not as it was before");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  page.nothingWrong();
});
