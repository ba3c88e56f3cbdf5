"""Adds rules to a firewall and prints how many seconds that took.

adds.py librouteros|routeros_api HOST PORT USER PASSWORD COUNT WINDOW
"""

import sys
import time


def rule(number):
    return {
        "chain": "forward",
        "action": "drop",
        "disabled": "yes",
        "src-address": "192.0.2.1",
        "comment": f"bench {number}",
    }


def by_librouteros(host, port, user, password, count, _window):
    import librouteros

    api = librouteros.connect(host=host, port=port, username=user, password=password, timeout=60)
    rules = api.path("ip", "firewall", "filter")
    began = time.monotonic()
    for number in range(count):
        rules.add(**rule(number))
    took = time.monotonic() - began
    api.close()
    return took


def by_routeros_api(host, port, user, password, count, window):
    import routeros_api

    pool = routeros_api.RouterOsApiPool(host, username=user, password=password, port=port, plaintext_login=True)
    rules = pool.get_api().get_binary_resource("/ip/firewall/filter")
    rows = [{name: value.encode() for name, value in rule(number).items()} for number in range(count)]
    began = time.monotonic()
    # It sends whatever it is asked to. As many at once as the others may have, and it reads answers only when asked.
    for first in range(0, count, window):
        for promise in [rules.call_async("add", row) for row in rows[first : first + window]]:
            promise.get()
    took = time.monotonic() - began
    pool.disconnect()
    return took


def main():
    client, host, port, user, password, count, window = sys.argv[1:]
    run = {"librouteros": by_librouteros, "routeros_api": by_routeros_api}[client]
    print(run(host, int(port), user, password, int(count), int(window)))


main()
