#!/usr/bin/env python3
"""librouteros 4.2.2 plays a whole play at a router.

usage: with_librouteros.py HOST PORT USER PASSWORD MANY      exit status 0 when every step was as RouterOS's

MANY is how many entries the address list `many` has. It makes rows that carry the comment `clients` and removes them.
"""
import sys

import librouteros
from librouteros.exceptions import TrapError
from librouteros.login import token
from librouteros.query import And, Key, Or

MARK = "clients"
COMMENT, DISABLED, ID, NAME, PREFIX = Key("comment"), Key("disabled"), Key(".id"), Key("name"), Key("log-prefix")


def same(found, expected, step):
    if found != expected:
        sys.exit(f"librouteros, {step}: {found!r} instead of {expected!r}")


def refused(step, text, command, *arguments, **named):
    """The command must be refused with this text."""
    try:
        result = command(*arguments, **named)
        # What librouteros yields lazily is asked for here.
        tuple(result) if hasattr(result, "__next__") else result
    except TrapError as error:
        return same(str(error), text, step)
    return sys.exit(f"librouteros, {step}: was not refused")


def signing_in(connect, password):
    wrong = "invalid user name or password (6)"
    refused("wrong password", wrong, connect, password=password + "x")
    refused("sign-in of before 6.43, gone since 6.45.1", wrong, connect, password=password, login_method=token)


def editing(api):
    rules = api.path("ip", "firewall", "filter")
    first = next(iter(rules.select(ID).where(Key("dynamic") == False)))[".id"]  # noqa: E712
    ids = [rules.add(chain="forward", action="drop", comment=MARK, disabled=True, **{"log-prefix": f"p{n}"}) for n in range(3)]

    def prefixes():
        return [row["log-prefix"] for row in rules.select(PREFIX).where(COMMENT == MARK)]

    same(prefixes(), ["p0", "p1", "p2"], "add, print with a query")
    tuple(rules("move", numbers=ids[2], destination=ids[0]))
    same(prefixes(), ["p2", "p0", "p1"], "move")
    rules.update(**{".id": ids[0], "log-prefix": "changed", "disabled": False})
    row = next(iter(rules.select(PREFIX, DISABLED).where(ID == ids[0])))
    same(row, {"log-prefix": "changed", "disabled": False}, "set")
    tuple(rules("unset", numbers=ids[0], **{"value-name": "log-prefix"}))
    row = next(iter(rules.select(PREFIX, COMMENT).where(ID == ids[0])))
    same(row.get("log-prefix", ""), "", "unset")
    above = rules.add(chain="forward", comment=MARK, **{"place-before": first})
    same(above in [row[".id"] for row in rules][:3], True, "place-before")
    rules.remove(*[row[".id"] for row in rules.select(ID).where(COMMENT == MARK)])
    same(list(rules.select(ID).where(COMMENT == MARK)), [], "remove")


def queries(api):
    interfaces = api.path("interface")
    found = interfaces.select(NAME).where(Or(NAME == "bridge", And(NAME == "ether1", Key("type") == "ether")))
    same(sorted(row["name"] for row in found), ["bridge", "ether1"], "or, and")
    found = interfaces.select(NAME).where(NAME.In("ether1", "ether2", "nothing"))
    same(sorted(row["name"] for row in found), ["ether1", "ether2"], "one of")
    found = interfaces.select(NAME).where(Key("type") != "ether")
    same("ether1" in [row["name"] for row in found], False, "not")
    rows = api.rawCmd("/ip/firewall/filter/print", "=.proplist=comment", "?comment", "?-nonsense")
    same(all(row["comment"] for row in rows), True, "has, has not")
    same(list(api.rawCmd("/interface/print", "=.proplist=nonsense", "?name=ether1")), [], "a property that is not there")
    counted = tuple(api.rawCmd("/interface/print", "=count-only=", "?type=ether"))[0]["ret"]
    same(counted, len(list(interfaces.select(NAME).where(Key("type") == "ether"))), "count-only")


def traps(api):
    rules, addresses = api.path("ip", "firewall", "filter"), api.path("ip", "address")
    refused("a row that is not there", "no such item", rules.remove, "*FFFF")
    refused("a command that is not there", "no such command", api, "/interface/nonsense")
    refused("a menu that is not there", "no such command prefix", api, "/nonsense/print")
    refused("an argument that is not there", "unknown parameter nonsense", rules.add, chain="input", nonsense="1")
    refused(
        "an interface that is not there",
        "input does not match any value of interface",
        addresses.add,
        address="192.0.2.1/24",
        interface="nonsense",
    )
    row = next(iter(addresses))
    refused(
        "an address twice",
        "failure: already have such address",
        addresses.add,
        address=row["address"],
        interface=row["interface"],
    )


def following(api, other):
    """librouteros waits for the end of every answer, so listening and cancelling go through its sentences."""
    protocol = api.protocol
    protocol.writeSentence("/interface/list/listen", "=.proplist=.id,name", ".tag=1")
    protocol.writeSentence("/system/identity/print", ".tag=0")
    while protocol.readSentence() != ("!done", (".tag=0",)):
        pass
    lists = other.path("interface", "list")
    added = lists.add(name=MARK)
    same(protocol.readSentence(), ("!re", (".tag=1", f"=.id={added}", f"=name={MARK}")), "listen, add")
    lists.remove(added)
    same(protocol.readSentence(), ("!re", (".tag=1", f"=.id={added}", "=.dead=true")), "listen, remove")
    protocol.writeSentence("/cancel", "=tag=1", ".tag=2")
    heard = [protocol.readSentence() for _ in range(3)]
    same([reply for reply, _ in heard], ["!trap", "!done", "!done"], "cancel, order")
    same("=message=interrupted" in heard[0][1], True, "cancel, message")


def texts(connect):
    """RouterOS keeps bytes: what one encoding wrote, another reads as the same bytes."""
    utf8, raw = connect(encoding="utf-8"), connect(encoding="latin-1")
    # Line feeds, nulls, controls and what is no UTF-8.
    everything = bytes(range(256)).decode("latin-1")
    for writer, text in ((utf8, "Grüße, мир, 路由器, 🛜"), (raw, everything)):
        entries = writer.path("ip", "firewall", "address-list")
        added = entries.add(list=MARK, address="192.0.2.9", comment=text)
        same([row["comment"] for row in entries.select(COMMENT).where(ID == added)], [text], "text read back")
        seen = next(iter(raw.path("ip", "firewall", "address-list").select(COMMENT).where(ID == added)))["comment"]
        same(seen.encode("latin-1"), text.encode("utf-8" if writer is utf8 else "latin-1"), "the same bytes")
        entries.remove(added)


def large(api, many):
    entries = api.path("ip", "firewall", "address-list")
    addresses = [row["address"] for row in entries.select(Key("address")).where(Key("list") == "many")]
    same((len(addresses), len(set(addresses))), (many, many), "a large table")


def main():
    host, port, user, password, many = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])

    def connect(**options):
        return librouteros.connect(**{"host": host, "port": port, "username": user, "password": password, **options})

    signing_in(connect, password)
    api, other = connect(), connect()
    editing(api)
    queries(api)
    traps(api)
    following(api, other)
    texts(connect)
    large(connect(timeout=60), many)
    print("librouteros: every step as expected")


if __name__ == "__main__":
    main()
