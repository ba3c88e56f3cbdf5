// The tour of the README: sign in, create a VIF, watch it, see it and its traffic, remove it without a trace.

import { changeEndsWell, check, createVif, exported, newPage, picture, rest, signIn, twin, withBrowser } from "./browser.mjs";

await withBrowser(async (browser) => {
  const page = await newPage(browser);
  const before = await exported();
  await signIn(page);
  await picture(page, "routers");
  await page.getByRole("link", { name: /r1/i }).first().click();
  await page.getByRole("heading", { name: "No VIF yet" }).waitFor();
  await picture(page, "router-empty");

  await page.getByRole("link", { name: "Create the first VIF" }).click();
  await picture(page, "vif-add");
  await createVif(page, "tor");
  await changeEndsWell(page);
  await picture(page, "change-made");
  await page.getByRole("navigation", { name: "Where you are" }).getByRole("link").nth(1).click();
  await page.getByRole("heading", { name: "tor", level: 3 }).waitFor();
  const [vif] = await rest("/api/v1/routers/r1/vifs");
  await page.getByText(vif.service_ip).first().waitFor();

  await trafficIsPlotted(page);
  await picture(page, "router");
  await tunnelDownIsSeen(page);

  await page.getByRole("link", { name: "Remove tor" }).click();
  await picture(page, "vif-remove");
  await page.getByRole("button", { name: "Remove tor" }).click();
  await page.waitForURL(/\/change-sets\//);
  await changeEndsWell(page);
  await page.getByRole("navigation", { name: "Where you are" }).getByRole("link").nth(1).click();
  await page.getByRole("heading", { name: "No VIF yet" }).waitFor();
  check((await exported()) === before, "the router is not as it was before");
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await picture(page, "events");
  page.nothingWrong();
});

async function trafficIsPlotted(page) {
  await twin("/traffic", { interface: "wg-vpn", rx_bps: 8_000_000, tx_bps: 2_000_000 });
  const row = page.locator("tr[data-rate]", { hasText: "wg-vpn" });
  await row.locator("[data-down]", { hasText: /M/ }).waitFor();
  // Drawn, not only listed: several columns of the canvas have something in them.
  await page.waitForFunction(() => {
    const canvas = document.querySelector("#plot canvas");
    if (!canvas || canvas.width === 0) return false;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const columns = new Set();
    for (let at = 3; at < data.length; at += 4) {
      if (data[at] > 0) columns.add(((at - 3) / 4) % canvas.width);
    }
    return columns.size > 20;
  });
}

async function tunnelDownIsSeen(page) {
  await twin("/link", { interface: "wg-vpn", up: false });
  const card = page.locator("li.card", { has: page.getByRole("heading", { name: "tor" }) });
  await card.locator("dt:text-is('Gate') + dd", { hasText: /closed/i }).waitFor();
  await picture(page, "router-tunnel-down");
  await twin("/link", { interface: "wg-vpn", up: true });
  await card.locator("dt:text-is('Gate') + dd", { hasText: /open/i }).waitFor();
}
