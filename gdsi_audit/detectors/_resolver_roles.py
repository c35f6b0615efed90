"""Which names and addresses serve the role of a public resolver: facts about what they do, not about whom to trust."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address, ip_network

_NAMES = """
dns.google dns.google.com dns64.dns.google 8888.google cloudflare-dns.com one.one.one.one cloudflare-gateway.com quad9.net doh.opendns.com
dns.opendns.com familyshield.opendns.com doh.umbrella.com dns.umbrella.com dns.nextdns.io dns1.nextdns.io dns2.nextdns.io
anycast.dns.nextdns.io dns.adguard.com adguard-dns.com doh.cleanbrowsing.org filter-dns.cleanbrowsing.org dns.sb doh.sb dot.sb
dns.controld.com freedns.controld.com dns.mullvad.net doh.mullvad.net dns.alidns.com dot.pub doh.pub dns.pub doh.360.cn dot.360.cn
dns.twnic.tw 101.101.101.101 doh.tiar.app dot.tiar.app jp.tiar.app dns.switch.ch dnsforge.de dns0.eu dns.digitale-gesellschaft.ch
doh.libredns.gr dot.libredns.gr doh.ffmuc.net dot.ffmuc.net fdns1.dismail.de fdns2.dismail.de doh.applied-privacy.net
dot1.applied-privacy.net doh.xfinity.com dot.xfinity.com dns.njal.la doh.dns.apple.com joindns4.eu wikimedia-dns.org ordns.he.net
public.dns.iij.jp dns.aa.net.uk ahadns.net common.dot.dns.yandex.net dns.yandex.net doh.dns.sb mozilla.cloudflare-dns.com uncensoreddns.org
v.recipes basic.rethinkdns.com max.rethinkdns.com sky.rethinkdns.com dns.comss.one
"""
NAMES = frozenset(_NAMES.split())
"""Or anything below one of them."""
_ADDRESSES = """
8.8.8.8 8.8.4.4 2001:4860:4860::8888 2001:4860:4860::8844 2001:4860:4860::64 2001:4860:4860::6464 1.1.1.1 1.0.0.1 1.1.1.2 1.0.0.2 1.1.1.3
1.0.0.3 2606:4700:4700::1111 2606:4700:4700::1001 2606:4700:4700::1112 2606:4700:4700::1002 2606:4700:4700::1113 2606:4700:4700::1003
2606:4700:4700::64 2606:4700:4700::6400 104.16.248.249 104.16.249.249 162.159.61.4 172.64.41.4 9.9.9.9 9.9.9.10 9.9.9.11 9.9.9.12
149.112.112.112 149.112.112.9 149.112.112.10 149.112.112.11 149.112.112.12 2620:fe::fe 2620:fe::9 2620:fe::10 2620:fe::11 2620:fe::fe:9
2620:fe::fe:10 2620:fe::fe:11 208.67.222.222 208.67.220.220 208.67.222.123 208.67.220.123 2620:119:35::35 2620:119:53::53 94.140.14.14
94.140.15.15 94.140.14.15 94.140.15.16 94.140.14.140 94.140.14.141 2a10:50c0::ad1:ff 2a10:50c0::ad2:ff 185.228.168.9 185.228.169.9
185.228.168.10 185.228.169.11 185.228.168.168 185.228.169.168 223.5.5.5 223.6.6.6 2400:3200::1 2400:3200:baba::1 119.29.29.29 119.28.28.28
1.12.12.12 120.53.53.53 114.114.114.114 114.114.115.115 180.76.76.76 101.226.4.6 77.88.8.8 77.88.8.1 77.88.8.88 2a02:6b8::feed:0ff 76.76.2.0
76.76.10.0 76.76.2.11 194.242.2.2 194.242.2.3 194.242.2.4 194.242.2.9 185.222.222.222 45.11.45.11 193.110.81.0 185.253.5.0 4.2.2.1 4.2.2.2
4.2.2.3 4.2.2.4 4.2.2.5 4.2.2.6 74.82.42.42 2001:470:20::2 101.101.101.101 101.102.103.104 156.154.70.1 156.154.71.1
"""
ADDRESSES = frozenset(str(ip_address(word)) for word in _ADDRESSES.split())
NETWORKS = tuple(map(ip_network, ("45.90.28.0/24", "45.90.30.0/24", "2a07:a8c0::/32", "2a07:a8c1::/32")))

_SAYS_SO = re.compile(r"(?:^|\.)(?:doh|doq|odoh|httpdns|dnscrypt)(?:[0-9-][a-z0-9-]*)?\.")
_PERHAPS = re.compile(r"^(?:dns|dot|resolver)(?:[0-9-][a-z0-9-]*)?\.")


@lru_cache(maxsize=65_536)
def by_name(name: str) -> str:
    """`known`: the name serves as a public resolver; `says so`: a label of it names such a service; `perhaps`: it may; empty: nothing of it does."""
    labels = name.split(".")
    if any(".".join(labels[start:]) in NAMES for start in range(len(labels))):
        return "known"
    if _SAYS_SO.search(name):
        return "says so"
    return "perhaps" if _PERHAPS.match(name) and len(labels) > 2 else ""


@lru_cache(maxsize=65_536)
def by_address(address: str) -> bool:
    """Whether it is a public resolver's."""
    if address in ADDRESSES:
        return True
    if not address.startswith(("45.90.", "2a07:a8c")):
        return False
    parsed = ip_address(address)
    return any(parsed in network for network in NETWORKS)
