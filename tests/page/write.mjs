// A change written on the page, by somebody without JavaScript and somebody with: refused with the line, saved, edited
// by both at once, stopped by a finding, put right, applied and undone. Its pages are open to everybody in each state.

import { barriers } from "./axe.mjs";
import { LOOKS, check, newPage, picture, ready, rest, signIn, withBrowser } from "./browser.mjs";

const RULE = `name = "house"

[[items]]
id = "guests"
resource = "/ip/firewall/filter"
operation = "create"
attributes = { chain = "forward", src-address = "192.168.99.0/24", action = "drop" }
position = "first"
`;

await withBrowser(async (browser) => {
  const plain = await newPage(browser, { ...LOOKS.light, javaScriptEnabled: false });
  const looks = [];
  for (const [look, options] of Object.entries(LOOKS)) {
    const page = await newPage(browser, { ...options, bypassCSP: true });
    await signIn(page);
    looks.push([look, page]);
  }
  const other = looks[0][1];
  await signIn(plain);

  const found = [];
  const isOpen = async (path, name) => {
    for (const [look, page] of looks) {
      await page.goto(ready.url + path);
      await picture(page, `write-${name}-${look}`);
      found.push(...(await barriers(page, `${look}-${name}`, path)));
    }
  };
  const field = (page) => page.getByLabel("What is to be");
  const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

  // Refused, with the line, and nothing of it is lost.
  await plain.goto(`${ready.url}/routers/r1/changes`);
  await plain.getByRole("link", { name: "New change" }).click();
  const wrong = RULE.replace('"first"', '"whenever"');
  await field(plain).fill(wrong);
  await press(plain, "Check it");
  await plain.locator("#text-wrong").getByText("Line 8: That is no position.").waitFor();
  check((await field(plain).inputValue()) === wrong, "what was typed is lost");
  check((await field(plain).getAttribute("aria-invalid")) === "true", "the field does not say that it is wrong");
  await field(plain).fill("name = ");
  await press(plain, "Check it");
  await plain.locator("#text-wrong").getByText("Line 1 is no TOML").waitFor();
  await isOpen("/routers/r1/write-change", "new");

  // A draft that two edit at the same time.
  await field(plain).fill(RULE);
  await press(plain, "Save as a draft");
  await plain.waitForURL(/\/change-sets\//);
  const path = new URL(plain.url()).pathname;
  const state = async () => (await rest(`/api/v1${path}`)).state;
  check((await state()) === "draft", "it is no draft");
  await plain.getByRole("link", { name: "Edit" }).click();
  await other.goto(`${ready.url}${path}/write`);
  await field(plain).fill((await field(plain).inputValue()).replace("192.168.99.0", "192.168.98.0"));
  await press(plain, "Save as a draft");
  await plain.waitForURL(ready.url + path);
  const mine = (await field(other).inputValue()).replace('"forward"', '"forward", in-interface = "nowhere"');
  await field(other).fill(mine);
  await press(other, "Save as a draft");
  await other.getByRole("alert").getByText("Somebody else saved this change").waitFor();
  check((await field(other).inputValue()).trim() === mine.trim(), "what was typed is lost to who was outrun");
  check((await other.getByLabel("Their text").inputValue()).includes("192.168.98.0"), "theirs is not shown");
  found.push(...(await barriers(other, "light-outrun", path)));

  // Who saves again means it; what does not fit the router is found, at its line.
  await press(other, "Check it");
  await other.getByRole("link", { name: "Edit" }).waitFor();
  await other.locator("#findings").waitFor();
  check((await state()) === "invalid", `it is ${await state()}`);
  await isOpen(path, "invalid");
  await isOpen(`${path}/write`, "edit");
  await plain.goto(`${ready.url}${path}/write`);
  await plain.getByText(/^Line 7: .*nowhere/).waitFor();

  await field(plain).fill(RULE);
  await press(plain, "Check it");
  await other.goto(ready.url + path);
  await other.getByText("above row").waitFor();
  await press(other, "Apply now");
  await other.locator("section[aria-label=Progress] .note.good").waitFor();
  check((await state()) === "active", `it is ${await state()}`);
  await press(other, "Undo it");
  await other.getByText("Undone and read back").waitFor();
  check((await state()) === "rolled_back", `it is ${await state()}`);
  await isOpen(path, "rolled-back");

  // What the agent refuses ends in an error that says what to do.
  await plain.goto(`${ready.url}/routers/r1/write-change`);
  await field(plain).fill(
    'name = "key"\n[[items]]\nid = "1"\nresource = "/interface/wireguard"\noperation = "update"\n' +
      'key = { name = "wg-vpn" }\nattributes = { private-key = "AHmHuKuqyXSTsDEvmFOPeFpWZPvQyqPEFSDCWCPfbHg=" }\n',
  );
  await press(plain, "Check it");
  await other.goto(plain.url());
  await other.getByRole("alert").getByText("secret_unknown").waitFor();
  check(!(await other.content()).includes("AHmHuKuqyXST"), "the page shows a secret");
  await isOpen(new URL(other.url()).pathname, "error");

  // Who would be cut off sees by which rule: the packet is followed on the router as it would be.
  await plain.goto(`${ready.url}/routers/r1/write-change`);
  await field(plain).fill(
    'name = "oops"\n[[items]]\nid = "1"\nresource = "/ip/firewall/raw"\noperation = "create"\n' +
      'attributes = { chain = "prerouting", src-address = "172.16.63.2", action = "drop" }\n',
  );
  await press(plain, "Check it");
  const link = plain.getByRole("link", { name: "Follow the packet rule by rule" }).first();
  for (let tries = 0; tries < 60 && (await link.count()) === 0; tries += 1) await plain.reload();
  await link.click();
  await plain.getByText("This is how it would be after").waitFor();
  await plain.getByRole("heading", { level: 2, name: /dropped by .*oops/ }).waitFor();
  check((await plain.getByLabel("On the router").locator("option:checked").innerText()) === "after “oops”", "not after it");
  await isOpen(plain.url().slice(ready.url.length), "traced");
  await plain.getByLabel("On the router").selectOption({ label: "as it is now" });
  await press(plain, "Trace");
  await plain.getByRole("heading", { level: 2, name: "It would reach the router itself." }).waitFor();

  check(found.length === 0, found.join("\n"));
  for (const [, page] of looks.slice(1)) page.nothingWrong();
});
