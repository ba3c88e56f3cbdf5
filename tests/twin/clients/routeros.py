#!/usr/bin/env python3
"""Two RouterOS clients that we did not write, doing what clients do.

usage: routeros.py HOST PORT USER PASSWORD      exit status 0 when every step was as RouterOS's

Needs librouteros 4.2.2 and RouterOS-api 0.21.0. It makes rows that carry the comment `clients` and removes them.
"""
import sys

import librouteros
import routeros_api
from librouteros.exceptions import TrapError
from librouteros.query import And, Key, Or

MARK = "clients"


def same(found, expected, step):
    if found != expected:
        sys.exit(f"{step}: {found!r} instead of {expected!r}")


def with_librouteros(host, port, user, password):
    try:
        librouteros.connect(host=host, port=port, username=user, password=password + "x")
        sys.exit("librouteros: a wrong password got in")
    except TrapError as error:
        same(str(error), "invalid user name or password (6)", "librouteros wrong password")
    api = librouteros.connect(host=host, port=port, username=user, password=password)
    name, comment, dynamic = Key("name"), Key("comment"), Key("dynamic")
    rules = api.path("ip", "firewall", "filter")
    first = next(iter(rules.select(Key(".id")).where(dynamic == False)))[".id"]  # noqa: E712
    ids = [rules.add(chain="forward", action="drop", comment=MARK, disabled=True, **{"log-prefix": str(n)}) for n in range(3)]
    found = [row["log-prefix"] for row in rules.select(Key("log-prefix")).where(comment == MARK)]
    same(found, [0, 1, 2], "librouteros add and query")
    tuple(rules("move", numbers=ids[2], destination=ids[0]))
    found = [row["log-prefix"] for row in rules.select(Key("log-prefix")).where(comment == MARK)]
    same(found, [2, 0, 1], "librouteros move")
    rules.update(**{".id": ids[0], "log-prefix": "changed", "disabled": False})
    row = next(iter(rules.select(Key("log-prefix"), Key("disabled")).where(Key(".id") == ids[0])))
    same(row, {"log-prefix": "changed", "disabled": False}, "librouteros set")
    same(rules.add(chain="forward", comment=MARK, **{"place-before": first}) in [r[".id"] for r in rules][:3], True, "librouteros place-before")
    both = api.path("interface").select(name).where(Or(name == "bridge", And(name == "ether1", Key("type") == "ether")))
    same(sorted(row["name"] for row in both), ["bridge", "ether1"], "librouteros boolean query")
    rules.remove(*[row[".id"] for row in rules.select(Key(".id")).where(comment == MARK)])
    same(list(rules.select(Key(".id")).where(comment == MARK)), [], "librouteros remove")
    try:
        rules.remove("*FFFF")
        sys.exit("librouteros: a row that is not there was removed")
    except TrapError as error:
        same(str(error), "no such item", "librouteros trap")
    api.close()


def with_routeros_api(host, port, user, password):
    pool = routeros_api.RouterOsApiPool(host, username=user, password=password, port=port, plaintext_login=True)
    api = pool.get_api()
    lists = api.get_resource("/ip/firewall/address-list")
    lists.add(list=MARK, address="10.255.0.1", comment=MARK)
    lists.add(list=MARK, address="10.255.0.2", comment=MARK)
    rows = lists.get(list=MARK)
    same([row["address"] for row in rows], ["10.255.0.1", "10.255.0.2"], "RouterOS-api add and query")
    lists.set(id=rows[0]["id"], disabled="yes")
    same(lists.get(address="10.255.0.1")[0]["disabled"], "true", "RouterOS-api set")
    for row in rows:
        lists.remove(id=row["id"])
    same(lists.get(list=MARK), [], "RouterOS-api remove")
    try:
        lists.add(list=MARK, address="nonsense/99")
        sys.exit("RouterOS-api: a wrong address was taken")
    except routeros_api.exceptions.RouterOsApiCommunicationError as error:
        same("invalid value for argument address" in str(error), True, "RouterOS-api trap")
    pool.disconnect()


def with_sentences(host, port, user, password):
    """librouteros waits for the end of every answer, so listening and cancelling go through its sentences."""
    api = librouteros.connect(host=host, port=port, username=user, password=password)
    other = librouteros.connect(host=host, port=port, username=user, password=password)
    protocol = api.protocol
    protocol.writeSentence("/interface/list/listen", "=.proplist=.id,name", ".tag=1")
    protocol.writeSentence("/system/identity/print", ".tag=0")
    while protocol.readSentence() != ("!done", (".tag=0",)):
        pass
    added = other.path("interface", "list").add(name=MARK)
    same(protocol.readSentence(), ("!re", (".tag=1", f"=.id={added}", f"=name={MARK}")), "listen add")
    other.path("interface", "list").remove(added)
    same(protocol.readSentence(), ("!re", (".tag=1", f"=.id={added}", "=.dead=true")), "listen remove")
    protocol.writeSentence("/cancel", "=tag=1", ".tag=2")
    heard = [protocol.readSentence() for _ in range(3)]
    same([reply for reply, _ in heard], ["!trap", "!done", "!done"], "cancel order")
    same("=message=interrupted" in heard[0][1], True, "cancel message")
    api.close()
    other.close()


def main():
    host, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    for run in (with_librouteros, with_routeros_api, with_sentences):
        run(host, port, user, password)
    print("librouteros and RouterOS-api: all steps as expected")


if __name__ == "__main__":
    main()
