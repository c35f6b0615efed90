"""Names and the patterns that declare them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from gdsi_audit.naming import names


@pytest.mark.parametrize(
    ("pattern", "name", "covered"),
    [
        ("*.cams.example", "a.cams.example", True),
        ("*.cams.example", "b.a.cams.example", True),
        ("*.cams.example", "A.CAMS.Example.", True),
        ("*.cams.example", "cams.example", False),
        ("*.cams.example", ".cams.example", False),
        ("*.cams.example", "evil-cams.example", False),
        ("*.cams.example", "a.cams.example.evil.test", False),
        ("api.cams.example", "api.cams.example", True),
        ("api.cams.example", "x.api.cams.example", False),
        ("xn--bcher-kva.example", "bücher.example", True),
        ("*.xn--bcher-kva.example", "www.BÜCHER.example.", True),
        ("api.cams.example", "api.cams.example\\x00", False),
        ("api.cams.example", "", False),
    ],
)
def test_a_pattern_covers_exactly_or_labels_below(pattern, name, covered):
    assert names.matches(pattern, name) is covered


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Api.Cams.Example.", "api.cams.example"),
        ("*.Cams.Example", "*.cams.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("_mqtt._tcp.cams.example", "_mqtt._tcp.cams.example"),
        ("*.local", "*.local"),
        ("*.s3.amazonaws.com", "*.s3.amazonaws.com"),
    ],
)
def test_patterns_are_kept_in_one_spelling(written, kept):
    assert names.canonical_pattern(written) == kept


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("*.com", "public suffix"),
        ("*.co.uk", "public suffix"),
        ("*.foo.ck", "public suffix"),
        ("*.unlisted", "public suffix"),
        ("*", "wildcard"),
        ("a.*.example", "wildcard"),
        ("*cams.example", "wildcard"),
        ("192.0.2.1", 'has the key "address"'),
        ("[2001:db8::1]", 'has the key "address"'),
        ("192.0.2.1.", 'has the key "address"'),
        ("１９２.0.2.1", 'has the key "address"'),
        ("203.0.113", "ends in a number"),
        ("a..b", "no host name"),
        ("", "no host name"),
        ("a b.example", "no host name"),
        ("-a.example", "no host name"),
        ("x" * 64 + ".example", "no host name"),
        ("straße.example", "edition of IDNA"),
        ("\ud800.example", "A-label"),
    ],
)
def test_what_is_no_pattern_is_refused(written, why):
    with pytest.raises(ValueError, match=why):
        names.canonical_pattern(written)


@pytest.mark.parametrize(
    ("pattern", "shared"),
    [
        ("*.s3.amazonaws.com", True),
        ("*.amazonaws.com", True),
        ("*.blob.core.windows.net", True),
        ("*.cams.example", False),
        ("*.local", False),
        ("bucket.s3.amazonaws.com", False),
        ("*.bucket.s3.amazonaws.com", False),
    ],
)
def test_wildcards_over_many_tenants_are_shared(pattern, shared):
    assert names.is_shared_suffix(pattern) is shared


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("a.b.foo.co.uk", "foo.co.uk"),
        ("WWW.Foo.com.", "foo.com"),
        ("x.bucket.s3.amazonaws.com", "bucket.s3.amazonaws.com"),
        ("192.0.2.1", "192.0.2.1"),
        ("192.000.002.001", "192.000.002.001"),
        ("camera.local", "camera.local"),
        ("localhost", "localhost"),
        ("com", "com"),
        ("", ""),
    ],
)
def test_registered_domain(name, domain):
    assert names.registered_domain(name) == domain


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_a_value_error(text):
    try:
        kept = names.canonical_pattern(text)
    except ValueError:
        pass
    else:
        assert names.canonical_pattern(kept) == kept
    assert isinstance(names.registered_domain(text), str)
    assert not names.matches("*.cams.example", text) or text.lower().removesuffix(".").endswith(".cams.example")


LABELS = ["a", "B", "cams", "example", "bücher"]
NAMES = st.lists(st.sampled_from([*LABELS, ""]), max_size=5).map(".".join)
BASES = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3).map(lambda labels: names.canonical_name(".".join(labels)))


@given(NAMES, BASES)
def test_a_name_is_covered_by_what_matches_it_narrowest_first(name, base):
    covering = list(names.covering(name))
    assert [pattern in covering for pattern in (base, f"*.{base}")] == [names.matches(pattern, name) for pattern in (base, f"*.{base}")]
    assert covering == sorted(covering, key=lambda pattern: (pattern.startswith("*."), -len(pattern)))


def test_a_name_of_dots_takes_no_longer_than_a_name():
    assert len(list(names.covering("a." * 30_000 + "example"))) < names.LONGEST_NAME_BYTES


@pytest.mark.parametrize("only_icann", [True, False])
def test_the_list_is_the_package_s_own(only_icann):
    names._suffixes.cache_clear()
    assert names._suffixes(only_icann=only_icann)._publicsuffix == PublicSuffixList(only_icann=only_icann)._publicsuffix
