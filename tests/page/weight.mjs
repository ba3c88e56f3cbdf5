// The first load of the heaviest page with a cold cache: at most 60 KB as they travel, in at most 5 requests, from one
// host, under a strict policy.

import { changeEndsWell, check, createVif, newPage, ready, rest, signIn, withBrowser } from "./browser.mjs";

const MOST_BYTES = 60 * 1024;
const MOST_REQUESTS = 5;

await withBrowser(async (browser) => {
  const first = await newPage(browser);
  await signIn(first);
  await createVif(first, "tor");
  await changeEndsWell(first);
  const [vif] = await rest("/api/v1/routers/r1/vifs");
  for (const path of ["/sign-in", "/", "/routers/r1", `/routers/r1/vifs/${vif.id}`, `/routers/r1/vifs/${vif.id}/edit`]) {
    const page = await newPage(browser);
    if (path !== "/sign-in") await signIn(page);
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    await network.send("Network.setCacheDisabled", { cacheDisabled: true });
    const loaded = new Map();
    const streams = new Set();
    let policy = "";
    network.on("Network.responseReceived", ({ requestId, response, type }) => {
      // Live events are a stream that never ends, not something that is loaded.
      if (response.mimeType === "text/event-stream") streams.add(requestId);
      else if (response.url.startsWith("http")) loaded.set(requestId, { url: response.url, bytes: 0 });
      if (type === "Document") policy = response.headers["content-security-policy"] ?? "";
    });
    network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      if (loaded.has(requestId)) loaded.get(requestId).bytes = encodedDataLength;
    });
    await page.goto(ready.url + path, { waitUntil: "load" });
    const list = [...loaded.values()];
    const bytes = list.reduce((sum, { bytes }) => sum + bytes, 0);
    const told = `${path}: ${bytes} bytes in ${list.length} requests\n${list.map((l) => `${l.bytes} ${l.url}`).join("\n")}`;
    console.log(told);
    check(bytes > 0 && bytes <= MOST_BYTES && list.length <= MOST_REQUESTS, told);
    check(/default-src '(none|self)'/.test(policy) && !policy.includes("unsafe"), `${path}: policy: ${policy}`);
    page.nothingWrong();
    await page.context().close();
  }
});
