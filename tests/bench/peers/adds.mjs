// Adds rules to a firewall and prints how many seconds that took.
//
// adds.mjs node-routeros HOST PORT USER PASSWORD COUNT WINDOW
import { createRequire } from 'node:module';

// Installed for the tests of the twin, which it also plays at.
const { RouterOSAPI } = createRequire(new URL('../../twin/clients/', import.meta.url))('node-routeros');
const [, host, port, user, password, count, window] = process.argv.slice(2);

const api = new RouterOSAPI({ host, port: Number(port), user, password, timeout: 60 });
await api.connect();
let number = 0;
// One of so many: adds a rule as soon as its last is answered.
async function lane() {
    while (number < Number(count)) {
        await api.write('/ip/firewall/filter/add', [
            '=chain=forward', '=action=drop', '=disabled=yes', '=src-address=192.0.2.1', `=comment=bench ${number++}`,
        ]);
    }
}
const began = performance.now();
await Promise.all(Array.from({ length: Number(window) }, lane));
console.log((performance.now() - began) / 1000);
// Its own close waits until the router has closed too.
process.exit();
