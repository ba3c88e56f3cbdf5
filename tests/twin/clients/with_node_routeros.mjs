// node-routeros 1.6.9 plays a whole play at a router.
//
// usage: node with_node_routeros.mjs HOST PORT USER PASSWORD MANY      exit status 0 when every step was as RouterOS's
//
// MANY is how many entries the address list `many` has. It makes rows that carry the comment `clients` and removes
// them. The package is discontinued and older than `!empty` (RouterOS 7.18): it throws at an answer without rows
// (node-red-contrib-mikrotik, issue 95 and pull request 102), which is shown here rather than bent around.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { RouterOSAPI } = createRequire(import.meta.url)('node-routeros');
const [host, port, user, password, many] = process.argv.slice(2);
const MARK = 'clients';

const client = (options) => new RouterOSAPI({ host, port: Number(port), user, password, timeout: 60, ...options });

async function refused(step, message, command) {
    await assert.rejects(command, (error) => {
        assert.equal(error.message, message, step);
        return true;
    });
}

async function signingIn() {
    await refused('wrong password', 'Username or password is invalid', client({ password: `${password}x` }).connect());
}

async function editing(api) {
    const rules = '/ip/firewall/filter';
    const ids = [];
    for (const n of [0, 1, 2]) {
        const [{ ret }] = await api.write(`${rules}/add`, [
            '=chain=forward', '=action=drop', `=comment=${MARK}`, '=disabled=yes', `=log-prefix=p${n}`,
        ]);
        ids.push(ret);
    }
    const rows = () => api.write(`${rules}/print`, [`?comment=${MARK}`]);
    const prefixes = async () => (await rows()).map((row) => row['log-prefix']);
    assert.deepEqual(await prefixes(), ['p0', 'p1', 'p2'], 'add, print with a query');
    await api.write(`${rules}/move`, [`=numbers=${ids[2]}`, `=destination=${ids[0]}`]);
    assert.deepEqual(await prefixes(), ['p2', 'p0', 'p1'], 'move');
    await api.write(`${rules}/set`, [`=.id=${ids[0]}`, '=log-prefix=changed', '=disabled=no']);
    const [set] = await api.write(`${rules}/print`, [`?.id=${ids[0]}`]);
    assert.deepEqual([set['log-prefix'], set.disabled], ['changed', 'false'], 'set');
    await api.write(`${rules}/unset`, [`=numbers=${ids[0]}`, '=value-name=log-prefix']);
    const [unset] = await api.write(`${rules}/print`, [`?.id=${ids[0]}`]);
    assert.equal(unset['log-prefix'] ?? '', '', 'unset');
    await api.write(`${rules}/remove`, [`=.id=${(await rows()).map((row) => row['.id']).join(',')}`]);
    // Not asked for the rows themselves: there are none, see `nothing`.
    assert.deepEqual(await api.write(`${rules}/print`, ['=count-only=', `?comment=${MARK}`]), [{ ret: '0' }], 'remove');
}

async function queries(api) {
    const names = async (...words) =>
        (await api.write('/interface/print', ['=.proplist=name', ...words])).map((row) => row.name).sort();
    assert.deepEqual(await names('?name=bridge', '?name=ether1', '?type=ether', '?#&', '?#|'), ['bridge', 'ether1']);
    assert.ok(!(await names('?type=ether', '?#!')).includes('ether1'), 'not');
    assert.ok((await names('?-nonsense')).includes('ether1'), 'has not');
}

async function traps(api) {
    const rules = '/ip/firewall/filter';
    await refused('row', 'no such item', api.write(`${rules}/remove`, ['=.id=*FFFF']));
    await refused('command', 'no such command', api.write('/interface/nonsense'));
    await refused('argument', 'unknown parameter nonsense', api.write(`${rules}/add`, ['=chain=input', '=nonsense=1']));
    await refused(
        'interface',
        'input does not match any value of interface',
        api.write('/ip/address/add', ['=address=192.0.2.1/24', '=interface=nonsense']),
    );
}

/** Rows of a listener, one at a time. */
function rowsOf(stream) {
    const waiting = [];
    const come = [];
    stream.on('error', () => {});
    stream.data((error, row) => {
        // It may say an empty row of its own where nothing came for a while.
        if (error || row.length === 0) return;
        const taker = waiting.shift();
        if (taker) taker(row);
        else come.push(row);
    });
    return () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
}

async function following(api, other) {
    const stream = api.stream('/interface/list/listen', ['=.proplist=.id,name'], () => {});
    const next = rowsOf(stream);
    assert.equal((await api.write('/system/identity/print')).length, 1, 'a command beside a listener');
    const [{ ret: added }] = await other.write('/interface/list/add', [`=name=${MARK}`]);
    assert.deepEqual(await next(), { '.id': added, name: MARK }, 'listen, add');
    await other.write('/interface/list/remove', [`=.id=${added}`]);
    assert.deepEqual(await next(), { '.id': added, '.dead': 'true' }, 'listen, remove');
    await stream.stop();
    assert.equal((await api.write('/system/identity/print')).length, 1, 'the session after a cancel');
}

/** It writes and reads Windows-1252 and nothing else: such a text comes back, as from a device that WinBox wrote to. */
async function texts(api) {
    const list = '/ip/firewall/address-list';
    const comment = 'Grüße “clients” – 5 €';
    const [{ ret: added }] = await api.write(`${list}/add`, [`=list=${MARK}`, '=address=192.0.2.9', `=comment=${comment}`]);
    const [row] = await api.write(`${list}/print`, [`?.id=${added}`]);
    assert.equal(row.comment, comment);
    await api.write(`${list}/remove`, [`=.id=${added}`]);
}

async function large(api) {
    const rows = await api.write('/ip/firewall/address-list/print', ['=.proplist=address', '?list=many']);
    assert.equal(rows.length, Number(many), 'a large table');
    assert.equal(new Set(rows.map((row) => row.address)).size, Number(many));
}

/** From 7.18 an answer without rows holds `!empty`, at which this client throws where nobody can catch it. */
async function nothing(api) {
    const [{ version }] = await api.write('/system/resource/print');
    const [, minor] = version.split('.').map((part) => Number.parseInt(part, 10));
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
    const answer = api.write('/interface/print', ['?name=nonsense']);
    if (minor < 18) {
        assert.deepEqual(await answer, [], 'an answer without rows, before 7.18');
    } else {
        assert.match((await thrown).message, /!empty/, 'an answer without rows, from 7.18');
    }
}

await signingIn();
const [api, other] = [client(), client()];
await Promise.all([api.connect(), other.connect()]);
await editing(api);
await queries(api);
await traps(api);
await following(api, other);
await texts(api);
await large(api);
await nothing(api);
console.log('node-routeros: every step as expected');
// After its own throw it cannot close either.
process.exit(0);
