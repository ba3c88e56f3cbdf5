// A change of high risk on the page: edited, looked at, its risk accepted (`begin`), and, once the controller has been
// killed and started again while it is verified, kept from another browser (`keep`). The page of each of its states is
// open to everybody.

import { LOOKS, check, newPage, picture, ready, rest, signIn, withBrowser } from "./browser.mjs";
import { barriers } from "./axe.mjs";

const path = `/change-sets/${ready.change}`;

await withBrowser(async (browser) => {
  const looks = [];
  for (const [look, options] of Object.entries(LOOKS)) {
    const page = await newPage(browser, { ...options, bypassCSP: true });
    await signIn(page);
    looks.push([look, page]);
  }
  const page = await newPage(browser);
  await signIn(page);
  await page.goto(ready.url + path);

  const found = [];
  const isOpen = async (state) => {
    const change = await rest(`/api/v1${path}`);
    check(change.state === state, `it is ${change.state} and not ${state}`);
    await picture(page, `change-${state}`);
    for (const [look, other] of looks) {
      await other.goto(ready.url + path);
      found.push(...(await barriers(other, `${look}-${state}`, path)));
    }
  };
  const press = (name) => page.getByRole("button", { name }).click();
  const offers = (name) => page.getByRole("button", { name }).waitFor();

  if (ready.phase === "begin") {
    await isOpen("draft");
    await edit();
    await press("Validate");
    await offers("Apply now");
    await page.getByText("10.9.9.9").first().waitFor();
    await isOpen("previewing");
    await press("Apply now");
    await offers("I accept the risk: apply");
    await isOpen("confirming");
    await press("I accept the risk: apply");
    await offers("Keep it");
    await isOpen("verifying");
  } else {
    await offers("Keep it");
    await page.getByText("waits for you to keep it").waitFor();
    await isOpen("verifying");
    await press("Keep it");
    await page.locator("section[aria-label=Progress] .note.good").waitFor();
    await isOpen("active");
    const { outcome, evidence } = await rest(`/api/v1${path}`);
    check(outcome === "confirmed" && evidence.includes("person"), `${outcome}: ${evidence}`);
  }
  check(found.length === 0, found.join("\n"));
  page.nothingWrong();
});

/** Another address, by the version that was seen; whoever saw an older one is told. */
async function edit() {
  const { version, items } = await rest(`/api/v1${path}`);
  const [{ id, resource, operation, attributes }] = items;
  delete attributes.comment;
  const edited = { version, items: [{ id, resource, operation, attributes: { ...attributes, "src-address": "10.9.9.9" } }] };
  const send = () =>
    fetch(`${ready.url}/api/v1${path}`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${ready.token}`, "content-type": "application/json" },
      body: JSON.stringify(edited),
    });
  check((await send()).status === 200, "the edit was not taken");
  check((await send()).status === 409, "the same edit of an older version was taken");
}
