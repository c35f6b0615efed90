"""Countries and groups of countries."""

from __future__ import annotations

import pytest

from gdsi_audit.declarations import _countries

SIZES = {"EU": 34, "EEA": 37, "EFTA": 4, "ADEQUACY": 16, "ASEAN": 11, "GCC": 6, "APEC": 21, "AFRICAN-UNION": 55, "FIVE-EYES": 5, "NATO": 32}


@pytest.mark.parametrize(("word", "size"), SIZES.items())
def test_groups_have_their_members(word, size):
    assert len(_countries.groups()[word].countries) == size


def test_groups_that_belong_together():
    groups = _countries.groups()
    assert groups["EEA"].countries == groups["EU"].countries | {"IS", "LI", "NO"}
    assert not groups["ADEQUACY"].countries & groups["EEA"].countries
    assert set(groups["ADEQUACY"].conditions) == {"CA", "US"}
    assert all(group.as_of for group in groups.values())


def test_no_group_has_the_code_of_a_country():
    assert not [word for word in _countries.groups() if _countries.is_country(word)]
    assert _countries.expand(["AU"]) == {"AU"}


@pytest.mark.parametrize(
    ("word", "meant"),
    [("UK", "GB"), ("de", "DE"), ("Germany", "DE"), ("DEU", "DE"), ("eu", "EU"), ("EAA", "EEA"), ("five eyes", "FIVE-EYES"), ("EL", "GR")],
)
def test_the_nearest_word_is_named(word, meant):
    with pytest.raises(ValueError, match=f'did you mean "{meant}"'):
        _countries.expand([word])


def test_a_wrong_table_of_groups_is_refused(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "blocs.toml").write_text('[X]\nname = "x"\nmembers = ["DE", "ZZ"]\nas_of = 2026-01-01\n')
    with pytest.raises(ValueError, match=r"\[X\] holds \['ZZ'\]"):
        _countries.groups(tmp_path)
