// A browser for the cases of this folder, and what they all do with it.
//
// A case is run by main.rs with BULKHEAD_READY (address, token, the twin's control surface, where pictures go) and
// BULKHEAD_CHROMIUM. It throws where something is not as it should be.

import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

export const ready = JSON.parse(process.env.BULKHEAD_READY);
mkdirSync(ready.screenshots, { recursive: true });

// Nothing of these is needed, and each of them would have the browser ask hosts of its own.
const QUIET = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

export const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
};

/** Runs a case with a browser and ends the browser, whatever comes. */
export async function withBrowser(run) {
  const browser = await chromium.launch({ executablePath: process.env.BULKHEAD_CHROMIUM, args: QUIET });
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

/** A page that throws on a script's error and on a request to another host, and collects its requests. */
export async function newPage(browser, options = LOOKS.light) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(`script error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const address = new URL(request.url());
    if (address.protocol.startsWith("http") && address.origin !== new URL(ready.url).origin) {
      wrong.push(`request to another host: ${request.url()}`);
    }
  });
  page.nothingWrong = () => check(wrong.length === 0, wrong.join("\n"));
  return page;
}

/** Signs in with the demo's token and ends on the list of routers. */
export async function signIn(page) {
  await page.goto(ready.url);
  // Where somebody has a password, that comes first.
  if (!(await page.getByLabel("Token").isVisible())) await page.getByText("Sign in with a token", { exact: true }).click();
  await page.getByLabel("Token").fill(ready.token);
  await page.getByRole("button", { name: "Sign in with the token" }).click();
  await page.getByRole("heading", { name: "Routers", level: 1 }).waitFor();
}

/** Asks for a VIF behind wg-vpn on the page of the first router, and ends on the page of the change. */
export async function createVif(page, name) {
  await page.goto(`${ready.url}/routers/r1/add-vif`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Leaves by").selectOption("wg-vpn");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.waitForURL(/\/change-sets\//);
}

/** Waits until the change on the page has ended well. Without JavaScript the page asks anew by itself. */
export async function changeEndsWell(page) {
  const end = page.locator("section[aria-label=Progress] .note[role=status], section[aria-label=Progress] .note.bad");
  await end.first().waitFor();
  const change = await rest(`/api/v1/change-sets/${page.url().split("/").pop()}`);
  check(change.state === "active" && change.outcome === "confirmed", JSON.stringify(change));
  check(await end.first().evaluate((note) => note.classList.contains("good")), "the page does not say so");
}

/** What REST says at a path, or to something that is sent there. */
export async function rest(path, sent) {
  const headers = { authorization: `Bearer ${ready.token}`, "content-type": "application/json" };
  const answer = await fetch(ready.url + path, sent ? { method: "POST", headers, body: JSON.stringify(sent) } : { headers });
  check(answer.ok, `${path}: ${answer.status} ${answer.ok || (await answer.text())}`);
  return answer.json();
}

/** Tells the twin to do something. */
export async function twin(path, body) {
  const answer = await fetch(ready.control + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  check(answer.ok, `POST ${path}: ${answer.status} ${await answer.text()}`);
}

/** What the twin would export. */
export async function exported() {
  return (await fetch(`${ready.control}/export`)).text();
}

export async function picture(page, name) {
  await page.screenshot({ path: `${ready.screenshots}/${name}.png`, fullPage: true });
}

export function check(truth, otherwise) {
  if (!truth) throw new Error(otherwise);
}
