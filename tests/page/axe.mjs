// What axe says of a page, and whether it is wider than its window.

import { createRequire } from "node:module";
import { picture } from "./browser.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Every barrier on the page as a line. The page's own policy forbids scripts that it did not bring; axe is one, so the
 * context has to bypass it. */
export async function barriers(page, look, path) {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const width = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await picture(page, `${look}${path.replaceAll(/[/?&=]/g, "-").replace(/[0-9a-f]{8,}/g, "id")}`);
  const lines = violations.map((v) => `${look} ${path}: ${v.id}: ${v.help}: ${v.nodes[0].html} (${v.nodes.length}×)`);
  if (width > 0) lines.push(`${look} ${path}: ${width} px wider than the window`);
  return lines;
}
