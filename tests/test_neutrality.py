"""No rule looks at a nationality: swap two countries in the input, and findings and verdicts swap with them."""

from __future__ import annotations

import re
from dataclasses import replace

from gdsi_audit import discover
from gdsi_audit.commitments.verdicts import verdicts
from gdsi_audit.declarations import Jurisdictions, Product, Vantage
from gdsi_audit.geo import Answer, Place

ONE, OTHER = "CN", "SE"
SWAPPED = {ONE: OTHER, OTHER: ONE}
TABLE = """
remote           name              name_source  up_bytes
203.0.113.1:443  api.cams.example  tls-sni      1000
203.0.113.2:443  cdn.cams.example  tls-sni      2000
203.0.113.3:443  x.evil.example    tls-sni      3000
203.0.113.4:443  -                 -            4000
203.0.113.5:443  old.cams.example  dns          0
"""


def swap(text: str) -> str:
    return re.sub(rf"\b({ONE}|{OTHER})\b", lambda found: SWAPPED[found[0]], text)


def judged(device_traffic, traffic_of, declared, translate) -> tuple[list[str], list[str]]:
    """Findings and verdicts as text, with `translate` applied to every country of the input."""

    def located(*countries: str) -> Place:
        named = tuple(sorted(translate(country) for country in countries))
        alone = named[0] if len(named) == 1 else ""
        host = Answer(translate(countries[0]), ("one", "two"), "high")
        return Place(located_in=Answer(alone, ("one", "two"), "high", () if alone else named), registered_in=Answer(translate(ONE)), hosted_by=host)

    places = {
        **{"203.0.113.1": located(ONE), "203.0.113.2": located(OTHER), "203.0.113.3": located(ONE), "203.0.113.4": located(OTHER, ONE)},
        **{"203.0.113.5": located("US")},
    }
    limits = Jurisdictions(
        data_generated_in=translate(OTHER),
        allowed=frozenset({translate(OTHER), "DE"}),
        allowed_words=("EU",),
        hosts_from=frozenset({translate(OTHER)}),
    )
    declaration = declared(
        "*.cams.example", jurisdictions=limits, product=Product(home=translate(ONE)), vantage=Vantage(country=translate(OTHER), position="lan")
    )
    device = device_traffic(TABLE, places=places)
    findings = [one for module in discover.modules("gdsi_audit.detectors") for one in module.detect(device, declaration)]
    found = verdicts(traffic_of(device), declaration, findings)
    return sorted(map(repr, findings)), sorted(repr(replace(one, findings=())) for one in found)


def test_countries_swap_and_nothing_else_does(device_traffic, traffic_of, declared):
    plain = judged(device_traffic, traffic_of, declared, str)
    swapped = judged(device_traffic, traffic_of, declared, lambda country: SWAPPED.get(country, country))
    assert any(ONE in text for text in plain[0])
    assert (sorted(map(swap, plain[0])), sorted(map(swap, plain[1]))) == swapped
