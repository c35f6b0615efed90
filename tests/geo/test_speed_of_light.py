"""What round-trip times strike out, against places whose distances are known."""

from __future__ import annotations

import numpy as np
import pytest

from gdsi_audit.geo._oui import vendor
from gdsi_audit.geo._speed_of_light import Borders, embedded_borders, least_rtt_s, refuted, usable

FRANKFURT = (50.11, 8.68)


@pytest.mark.parametrize(
    ("country", "least_ms"),
    [("DE", 0.0), ("NL", 1.5), ("GB", 4.8), ("SE", 6.0), ("IE", 10.1), ("CN", 50.3), ("US", 53.3), ("BR", 71.2), ("SG", 101.9)],
)
def test_least_round_trips_from_frankfurt(country, least_ms):
    assert least_rtt_s(embedded_borders().distances_km(*FRANKFURT)[country]) * 1000 == pytest.approx(least_ms, abs=0.1)


def test_near_answers_refute_and_far_ones_say_nothing():
    assert list(refuted(0.003, *FRANKFURT, ["US", "DE", "NL", "ZZ"])) == ["US"]
    assert refuted(0.180, *FRANKFURT, embedded_borders().codes) == {}
    assert len(refuted(0.002, *FRANKFURT, embedded_borders().codes)) == 242
    assert refuted(0.003, *FRANKFURT, ["GB"]) and not refuted(0.003, *FRANKFURT, ["GB"], radius_km=400)


@pytest.mark.parametrize(
    ("latitude", "longitude", "country"),
    [
        (39.0, -98.0, "US"),
        (67.0, -178.0, "RU"),
        (-17.8, 178.0, "FJ"),
        (-29.5, 28.3, "LS"),
        (1.3, 103.8, "SG"),
        (-27.1, -109.4, "CL"),
        (-7.95, -14.36, "SH"),
        (34.6, 32.98, "CY"),
    ],
)
def test_the_country_one_stands_in_is_never_refuted(latitude, longitude, country):
    assert refuted(0.0001, latitude, longitude, [country]) == {}


def test_holes_are_not_inside():
    """Lesotho lies in a hole of South Africa; its border is some 100 km away."""
    assert embedded_borders().distances_km(-29.5, 28.3)["ZA"] > 30


@pytest.mark.parametrize(
    ("times", "answer"),
    [
        ([], False),
        ([0.00001] * 3, False),
        ([0.0012, 0.0013, 0.0012, 0.0014, 0.0011], False),
        ([0.0012, 0.020, 0.090], True),
        ([0.0012, 0.0013], True),
    ],
)
def test_proxies_switch_it_off(times, answer):
    assert usable(times) is answer


def test_a_malformed_geometry_is_a_value_error(tmp_path):
    np.savez(tmp_path / "g.npz", codes=np.array(["DE"]))
    with pytest.raises(ValueError, match="points_centidegrees"):
        Borders(tmp_path / "g.npz")


@pytest.mark.parametrize(
    ("mac", "name"),
    [
        ("00:00:00:11:22:33", "XEROX CORPORATION"),
        ("B8-27-EB-00-00-01", "Raspberry Pi Foundation"),
        ("02:00:00:00:00:50", ""),
        ("01:00:5e:00:00:fb", ""),
        ("70:b3:d5:00:00", ""),
        ("nonsense", ""),
    ],
)
def test_vendor_by_mac(mac, name):
    assert vendor(mac) == name
