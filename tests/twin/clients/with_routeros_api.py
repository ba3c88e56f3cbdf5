#!/usr/bin/env python3
"""RouterOS-api 0.21.0 plays a whole play at a router.

usage: with_routeros_api.py HOST PORT USER PASSWORD MANY      exit status 0 when every step was as RouterOS's

MANY is how many entries the address list `many` has. It makes rows that carry the comment `clients` and removes them.
"""
import sys

import routeros_api
from routeros_api import query
from routeros_api.exceptions import RouterOsApiCommunicationError

MARK = "clients"


def same(found, expected, step):
    if found != expected:
        sys.exit(f"RouterOS-api, {step}: {found!r} instead of {expected!r}")


def refused(step, text, command, *arguments, **named):
    try:
        command(*arguments, **named)
    except RouterOsApiCommunicationError as error:
        return same(error.original_message, text.encode(), step)
    return sys.exit(f"RouterOS-api, {step}: was not refused")


def signing_in(pool, password):
    wrong = "invalid user name or password (6)"
    refused("wrong password", wrong, pool(password=password + "x").get_api)
    refused("sign-in of before 6.43, gone since 6.45.1", wrong, pool(plaintext_login=False).get_api)


def editing(api):
    rules = api.get_resource("/ip/firewall/filter")
    ids = [
        rules.add(chain="forward", action="drop", comment=MARK, disabled="yes", log_prefix=f"p{n}").done_message["ret"]
        for n in range(3)
    ]

    def prefixes():
        return [row["log-prefix"] for row in rules.get(comment=MARK)]

    same(prefixes(), ["p0", "p1", "p2"], "add, print with a query")
    rules.call("move", {"numbers": ids[2], "destination": ids[0]})
    same(prefixes(), ["p2", "p0", "p1"], "move")
    rules.set(id=ids[0], log_prefix="changed", disabled="no")
    row = rules.get(id=ids[0])[0]
    same((row["log-prefix"], row["disabled"]), ("changed", "false"), "set")
    rules.call("unset", {"numbers": ids[0], "value-name": "log-prefix"})
    same(rules.get(id=ids[0])[0].get("log-prefix", ""), "", "unset")
    for row in rules.get(comment=MARK):
        rules.remove(id=row["id"])
    same(list(rules.get(comment=MARK)), [], "remove")


def queries(api):
    interfaces = api.get_resource("/interface")

    def names(*words):
        return sorted(row["name"] for row in interfaces.call("print", {"proplist": "name"}, {}, words))

    bridge, ether = query.IsEqualQuery("name", "bridge"), query.IsEqualQuery("name", "ether1")
    typed = query.IsEqualQuery("type", "ether")
    same(names(query.OrQuery(bridge, query.AndQuery(ether, typed))), ["bridge", "ether1"], "or, and")
    same("bridge" in names(query.HasValueQuery("name")), True, "has")
    same("ether1" in names(query.HasValueQuery("nonsense")), False, "has not")


def traps(api):
    rules, addresses = api.get_resource("/ip/firewall/filter"), api.get_resource("/ip/address")
    refused("a row that is not there", "no such item", rules.remove, id="*FFFF")
    refused("a command that is not there", "no such command", api.get_resource("/interface").call, "nonsense")
    refused("an argument that is not there", "unknown parameter nonsense", rules.add, chain="input", nonsense="1")
    refused(
        "an interface that is not there",
        "input does not match any value of interface",
        addresses.add,
        address="192.0.2.1/24",
        interface="nonsense",
    )


def following(api, other):
    """An answer that has not ended is a promise, and its rows come one by one."""
    lists = other.get_binary_resource("/interface/list")
    promise = api.get_binary_resource("/interface/list").call_async("listen", {"proplist": b".id,name"})
    same(len(api.get_binary_resource("/system/identity").get()), 1, "a command beside a listener")
    rows = iter(promise)
    added = lists.add(name=MARK.encode()).done_message["ret"]
    same(next(rows), {"id": added, "name": MARK.encode()}, "listen, add")
    lists.remove(id=added)
    same(next(rows), {"id": added, ".dead": b"true"}, "listen, remove")
    # The tag has no public name.
    api.get_binary_resource("/").call("cancel", {"tag": promise.inner.tag})
    refused("cancel", "interrupted", next, rows)


def texts(api):
    entries = api.get_binary_resource("/ip/firewall/address-list")
    for text in ("Grüße, мир, 路由器, 🛜".encode(), bytes(range(256))):
        added = entries.add(list=MARK.encode(), address=b"192.0.2.9", comment=text).done_message["ret"]
        same([row["comment"] for row in entries.get(id=added)], [text], "bytes read back")
        entries.remove(id=added)


def large(api, many):
    rows = api.get_binary_resource("/ip/firewall/address-list").call("print", {"proplist": b"address"}, {"list": b"many"})
    addresses = [row["address"] for row in rows]
    same((len(addresses), len(set(addresses))), (many, many), "a large table")


def main():
    host, port, user, password, many = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])

    def pool(**options):
        given = {"username": user, "password": password, "port": port, "plaintext_login": True, **options}
        return routeros_api.RouterOsApiPool(host, **given)

    signing_in(pool, password)
    connection = pool()
    api = connection.get_api()
    editing(api)
    queries(api)
    traps(api)
    other = pool()
    following(api, other.get_api())
    other.disconnect()
    texts(api)
    large(api, many)
    connection.disconnect()
    print("RouterOS-api: every step as expected")


if __name__ == "__main__":
    main()
