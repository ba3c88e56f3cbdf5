// The page of a VIF: its card and plots, its history, editing it with a preview, its kill switch engaged and released while
// somebody else looks, and switched off by nobody who has not typed the password again. In three looks and without
// JavaScript.

import { barriers } from "./axe.mjs";
import { LOOKS, changeEndsWell, check, createVif, newPage, picture, ready, rest, signIn, twin, withBrowser } from "./browser.mjs";

const PASSWORD = "a few plain words";

await withBrowser(async (browser) => {
  const page = await newPage(browser);
  await signIn(page);
  await passwordIsSet(page);
  await createVif(page, "tor");
  await changeEndsWell(page);
  const [vif] = await rest("/api/v1/routers/r1/vifs");
  const path = `/routers/r1/vifs/${vif.id}`;

  // From the list, by the name.
  await page.goto(`${ready.url}/routers/r1`);
  await page.getByRole("link", { name: "tor", exact: true }).click();
  await page.getByRole("heading", { name: "tor", level: 1 }).waitFor();
  check(new URL(page.url()).pathname === path, page.url());
  await fact(page, "Gate", /open/i).waitFor();
  await fact(page, "Mode", "Block").waitFor();
  await trafficIsPlotted(page);
  await historyIsTold(page, path);
  await picture(page, "vif");

  const other = await newPage(browser, LOOKS.phone);
  await signIn(other);
  await other.goto(ready.url + path);
  await gateFollows(page, other);
  await edited(page, path);
  await engagedAndReleased(page, other);
  await switchedOff(page, other, path);

  const found = [];
  for (const [look, options] of Object.entries(LOOKS)) {
    const one = await newPage(browser, { ...options, bypassCSP: true });
    await signIn(one);
    for (const place of [path, `${path}/history?range=1h`, `${path}/edit`, "/routers/r1"]) {
      await one.goto(ready.url + place);
      if (place === path) await one.locator("#history .ranges").waitFor();
      found.push(...(await barriers(one, `${look}-off`, place)));
    }
    await one.close();
  }
  check(found.length === 0, found.join("\n"));

  await withoutJavaScript(browser, path);
  await goneWhileOpen(page, other, path);
  // The first one was refused on purpose, which its console tells.
  other.nothingWrong();
});

/** A fact of the page's cards. */
function fact(page, name, value) {
  return page.locator(`dt:text-is("${name}") + dd`, { hasText: value }).first();
}

/** The demo has nobody with a password: whoever is signed in sets the first. */
async function passwordIsSet(page) {
  await page.goto(`${ready.url}/access`);
  await page.getByLabel("Your name").fill("anna");
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByRole("button", { name: "Set the password" }).click();
  await page.getByText("The new password counts").waitFor();
}

async function trafficIsPlotted(page) {
  await page.waitForFunction(() => {
    const canvas = document.querySelector("#plot canvas");
    return canvas && canvas.width > 0;
  });
  check((await page.locator("#plot-legend li").count()) === 1, "the plot shows more than this VIF");
  check((await page.locator("#plot-legend li").innerText()) === "VIF tor", "the plot does not say what it shows");
}

/** The history comes by itself; each range is asked for in its place, with its own file. */
async function historyIsTold(page, path) {
  const history = page.locator("#history");
  await history.getByRole("link", { name: "24 hours" }).waitFor();
  await history.getByRole("link", { name: "1 hour" }).click();
  await history.locator('a[aria-current]:text-is("1 hour")').waitFor();
  check(new URL(page.url()).pathname === path, "choosing a range left the page");
  const csv = await history.getByRole("link", { name: "CSV" }).getAttribute("href");
  const answer = await fetch(ready.url + csv, { headers: { authorization: `Bearer ${ready.token}` } });
  check(answer.headers.get("content-type") === "text/csv; charset=utf-8", answer.headers.get("content-type"));
  check((await answer.text()).startsWith("at,over_ms,rx_bytes"), "the file has no line of names");
}

/** A tunnel that goes down is seen by everybody who looks, with the reason in the list of what happened. */
async function gateFollows(page, other) {
  await twin("/link", { interface: "wg-vpn", up: false });
  for (const one of [page, other]) await fact(one, "Gate", /closed/i).waitFor();
  await picture(other, "vif-closed-phone");
  await twin("/link", { interface: "wg-vpn", up: true });
  for (const one of [page, other]) await fact(one, "Gate", /open/i).waitFor();
}

/** What is wrong is said at its field; a preview writes nothing. */
async function edited(page, path) {
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await page.getByRole("heading", { name: "Edit tor" }).waitFor();
  await page.getByLabel("Published ports").fill("tcp/8443");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.locator("#ports-wrong").waitFor();
  await picture(page, "vif-edit-wrong");
  await page.getByLabel("Published ports").fill("tcp/8443:443@LAN");
  await page.getByLabel("DNS resolver").fill("10.64.0.1");
  await page.getByRole("button", { name: "Preview first" }).click();
  await page.waitForURL(/\/change-sets\//);
  await page.getByRole("button", { name: "Apply now" }).waitFor();
  const [before] = await rest("/api/v1/routers/r1/vifs");
  check(before.resolver === null && before.ports.length === 0, "a preview has altered the VIF");
  await picture(page, "vif-edit-preview");
  await page.getByRole("button", { name: "Apply now" }).click();
  await changeEndsWell(page);
  await page.goto(ready.url + path);
  await fact(page, "Resolver", "10.64.0.1").waitFor();
  await fact(page, "Ports", "tcp 8443").waitFor();
}

/** Somebody presses, somebody else sees it. */
async function engagedAndReleased(page, other) {
  await page.getByRole("button", { name: "Engage now" }).click();
  await page.getByText("Nothing leaves this VIF until somebody releases it.").waitFor();
  for (const one of [page, other]) {
    await one.getByText("Engaged by hand").waitFor();
    await fact(one, "Gate", /closed/i).waitFor();
  }
  await picture(page, "vif-engaged");
  await picture(other, "vif-engaged-phone");
  await other.getByRole("button", { name: "Release" }).click();
  await other.getByText("The gate follows the way out again").waitFor();
  for (const one of [page, other]) await fact(one, "Gate", /open/i).waitFor();
  await page.getByRole("button", { name: "Verify now" }).click();
  await page.getByText("What was found stands under").waitFor();
}

/** Refused without the password and with a wrong one; done with the right one, and red for everybody. */
async function switchedOff(page, other, path) {
  await page.goto(`${ready.url}${path}/edit`);
  await page.getByLabel("Off: not protected").check();
  for (const [password, said] of [["", "Type your password"], ["some other words", "This is not the password"]]) {
    await page.getByLabel("Your password").fill(password);
    await page.getByRole("button", { name: "Apply" }).click();
    await page.locator("#step_up-wrong", { hasText: said }).waitFor();
  }
  await picture(page, "vif-off-refused");
  check((await rest("/api/v1/routers/r1/vifs"))[0].kill_switch.mode === "block", "it was switched off");
  await page.getByLabel("Your password").fill(PASSWORD);
  await page.getByRole("button", { name: "Apply" }).click();
  await page.waitForURL(/\/change-sets\//);
  await changeEndsWell(page);
  await other.locator("dd.danger-text", { hasText: "Off: not protected" }).waitFor();
  await picture(other, "vif-off-phone");
}

/** Every form is a form: the kill switch comes back on, and the history is a page with a table. */
async function withoutJavaScript(browser, path) {
  const plain = await newPage(browser, { ...LOOKS.light, javaScriptEnabled: false });
  await signIn(plain);
  await plain.goto(`${ready.url}${path}/edit`);
  await plain.getByLabel("Block").check();
  await plain.getByRole("button", { name: "Apply" }).click();
  await plain.waitForURL(/\/change-sets\//);
  await changeEndsWell(plain);
  await plain.goto(ready.url + path);
  await fact(plain, "Mode", "Block").waitFor();
  await plain.getByRole("link", { name: "The last 24 hours" }).click();
  await plain.getByRole("heading", { name: "History of tor" }).waitFor();
  await plain.getByRole("link", { name: "7 days" }).click();
  await plain.locator('a[aria-current]:text-is("7 days")').waitFor();
  await picture(plain, "vif-history-without-javascript");
  plain.nothingWrong();
}

/** A page that is open while its VIF is removed says so. */
async function goneWhileOpen(page, other, path) {
  await page.goto(`${ready.url}${path}/remove`);
  await page.getByRole("button", { name: "Remove tor" }).click();
  await page.waitForURL(/\/change-sets\//);
  await changeEndsWell(page);
  await other.getByText("This VIF is gone").waitFor();
}
