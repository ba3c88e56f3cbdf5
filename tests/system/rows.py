"""Prints rows of RouterOS menus as JSON, read by a client that is not ours.

rows.py librouteros|routeros_api HOST PORT USER PASSWORD MENU…
"""

import json
import sys


def by_librouteros(host, port, user, password, menus):
    import librouteros

    api = librouteros.connect(host=host, port=port, username=user, password=password, timeout=30)
    try:
        return {menu: [dict(row) for row in api.path(*menu.strip("/").split("/"))] for menu in menus}
    finally:
        api.close()


def by_routeros_api(host, port, user, password, menus):
    import routeros_api

    pool = routeros_api.RouterOsApiPool(host, username=user, password=password, port=port, plaintext_login=True)
    try:
        api = pool.get_api()
        return {menu: api.get_resource(menu).get() for menu in menus}
    finally:
        pool.disconnect()


def main():
    client, host, port, user, password, *menus = sys.argv[1:]
    read = {"librouteros": by_librouteros, "routeros_api": by_routeros_api}[client]
    json.dump(read(host, int(port), user, password, menus), sys.stdout, default=str)


main()
