// Rows that somebody else alters, removes and moves: each on a card of the router's page as soon as it is known, put back
// and accepted, with JavaScript and without, and left alone when somebody insists. The cards are open to everybody.

import { administrator } from "./administrator.mjs";
import { barriers } from "./axe.mjs";
import { LOOKS, check, newPage, ready, rest, signIn, withBrowser } from "./browser.mjs";

const LIST = "/ip/firewall/address-list";
const FILTER = "/ip/firewall/filter";
const PATH = "/routers/r1";

const item = (id, resource, attributes, more = {}) => ({ id, resource, operation: "create", attributes, ...more });
const entry = (id, address, more) => item(id, LIST, { list: "house", address }, more);
const rule = (id, more) => item(id, FILTER, { chain: "forward", action: "drop", "src-address": "192.168.99.0/24" }, more);

await withBrowser(async (browser) => {
  const { ask, leave } = await administrator();
  const row = async (menu, id) => {
    const found = await ask(`${menu}/print`, "=.proplist=.id,address,comment");
    return found.find((one) => one.comment === `bulkhead:row/house/${id}`);
  };
  const set = async (id, address) => ask(`${LIST}/set`, `=.id=${(await row(LIST, id))[".id"]}`, `=address=${address}`);

  const page = await newPage(browser);
  const plain = await newPage(browser, { ...LOOKS.light, javaScriptEnabled: false });
  for (const one of [page, plain]) await signIn(one);
  await kept([
    entry("altered", "192.168.97.0/24"),
    entry("insisted", "192.168.96.0/24", { drift: "reconcile" }),
    item("gone", LIST, { list: "guests", address: "192.168.95.0/24" }),
    rule("above", { position: "first" }),
    item("below", FILTER, { chain: "forward", action: "accept", "src-address": "192.168.99.7" }, {
      position: { after: { comment: "bulkhead:row/house/above" } },
    }),
  ]);

  // Seen without being asked for.
  await page.goto(ready.url + PATH);
  check((await page.getByRole("heading", { name: "Changed by somebody else" }).count()) === 0, "there is a drift already");
  await set("altered", "192.168.98.0/24");
  await ask(`${LIST}/remove`, `=.id=${(await row(LIST, "gone"))[".id"]}`);
  const card = (on, id) => on.locator("li.card", { hasText: `bulkhead:row/house/${id}` });
  await card(page, "altered").getByText("Somebody altered the row").waitFor();
  const line = card(page, "altered").getByRole("row", { name: "address" });
  await line.getByText("192.168.97.0/24").waitFor();
  await line.getByText("192.168.98.0/24").waitFor();
  await card(page, "gone").getByText("The row is gone").waitFor();
  const [above, below] = [await row(FILTER, "above"), await row(FILTER, "below")];
  await ask(`${FILTER}/move`, `=numbers=${below[".id"]}`, `=destination=${above[".id"]}`);
  // Nobody who listens is told of a move (a guess of the twin): it is found within half a minute, or when more happens.
  await ask(`${FILTER}/set`, `=.id=${above[".id"]}`, "=log=yes");
  await page.getByText("stands in another place").first().waitFor();

  // Whoever insists is left alone, and it is said.
  for (let round = 0; round < 4; round += 1) {
    await set("insisted", `192.168.9${round}.128/25`);
    if (round < 3) await until(async () => (await row(LIST, "insisted")).address === "192.168.96.0/24");
  }
  await card(page, "insisted").getByText("Left alone: somebody insists").waitFor();

  const found = [];
  for (const [look, options] of Object.entries(LOOKS)) {
    const other = await newPage(browser, { ...options, bypassCSP: true });
    await signIn(other);
    await other.goto(ready.url + PATH);
    found.push(...(await barriers(other, `${look}-drift`, PATH)));
    await other.close();
  }

  // Put back and accepted; the card goes.
  const press = (on, id, name) => card(on, id).getByRole("button", { name }).click();
  await press(page, "gone", /^Put it back/);
  await card(page, "gone").waitFor({ state: "detached" });
  check((await row(LIST, "gone")).address === "192.168.95.0/24", "it was not put back");
  await plain.goto(ready.url + PATH);
  await press(plain, "altered", /^Accept it/);
  await card(page, "altered").waitFor({ state: "detached" });
  check((await row(LIST, "altered")).address === "192.168.98.0/24", "what was accepted was written over");
  await plain.goto(ready.url + PATH);
  await press(plain, "insisted", /^Put it back/);
  await card(page, "insisted").waitFor({ state: "detached" });
  check((await row(LIST, "insisted")).address === "192.168.96.0/24", "it was not put back");
  const moved = page.locator("li.card", { hasText: "stands in another place" });
  await moved.first().getByRole("button", { name: /^Put it back/ }).click();
  await page.getByRole("heading", { name: "Changed by somebody else" }).waitFor({ state: "detached" });
  const order = (await ask(`${FILTER}/print`, "=.proplist=comment")).map((one) => one.comment ?? "");
  check(order.indexOf("bulkhead:row/house/above") < order.indexOf("bulkhead:row/house/below"), order.join("\n"));

  check(found.length === 0, found.join("\n"));
  page.nothingWrong();
  leave();
});

/** Has a change made and kept. */
async function kept(items) {
  const body = { name: "house", items, confirm: { keep: "auto" } };
  const { id } = await rest("/api/v1/routers/r1/change-sets?go=apply", body);
  await until(async () => {
    const change = await rest(`/api/v1/change-sets/${id}`);
    check(!["invalid", "error", "rolled_back"].includes(change.state), JSON.stringify(change));
    return change.state === "active";
  });
}

/** Asks until it is so, for a while. */
async function until(so) {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await so()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain: ${so}`);
}
