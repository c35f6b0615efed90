"""What DNS names below a domain, and the answers to them, may carry beside being looked up: labels, record data, addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gdsi_audit.detectors import _encoded_text
from gdsi_audit.tables.columns import Columns
from gdsi_audit.tables.distinct import numbered
from gdsi_audit.traffic import DeviceTraffic

NO_DOMAIN = "no top-level domain"
BITS_OF_ANSWER = {10: 8.0, 65399: 8.0, 16: 6.0, 5: 5.0, 15: 5.0, 33: 5.0, 2: 5.0}
"""Bits that one byte of record data carries; addresses are counted one by one."""
MOST_NAMES_PER_ADDRESS = 4
"""More names than this at one contacted address do not count as used: a tunnel may answer with any address."""
HEADER_BYTES, QUESTION_BYTES, RECORD_BYTES = 12, 4, 12
ADDRESS_BYTES = {1: 4, 28: 16}

_REVERSED = re.compile(r"(?:\d{1,3}\.){4}|(?:[0-9a-f]\.){32}")
_RUNNING = re.compile(r"[a-z_-]{0,8}\d{1,12}")


def contacted_names(traffic: DeviceTraffic) -> frozenset[str]:
    """Names that a flow carries, and those whose answered address this device sent something to, unless a crowd of names shares it."""
    used = traffic.tables.flows.take(traffic.tables.flows["up_pkts"] > 0)
    answers = traffic.tables.answers.take(traffic.tables.answers.is_any("address", used.distinct("remote_addr")))
    pairs = answers.take(numbered(*((answers.codes(name), len(answers.words(name))) for name in ("name", "address")))[0])
    sharing = np.bincount(pairs.codes("address"), minlength=1)[pairs.codes("address")]
    return frozenset(pairs.take(sharing <= MOST_NAMES_PER_ADDRESS).distinct("name")) | frozenset(used.distinct("name"))


def carrying_labels(queries: Sequence[str], domain: str, contacted: frozenset[str]) -> dict[str, str]:
    """What of each name may carry data: labels below the domain, less what all share; empty for names that are used as names."""
    below = {name: name if domain == NO_DOMAIN else name.removesuffix(".").removesuffix(domain).removesuffix(".") for name in queries}
    usable = {name: text for name, text in below.items() if text and name not in contacted and not _REVERSED.fullmatch(f"{text}.")}
    split = {name: [_encoded_text.plain(label) for label in text.split(".")] for name, text in usable.items()}
    counts: dict[str, int] = {}
    for labels in split.values():
        for label in set(labels):
            counts[label] = counts.get(label, 0) + 1
    common = {label for label, count in counts.items() if count > max(2, len(split) // 4)}
    return {name: "".join(label for label in labels if _carries(label, common)) for name, labels in split.items()}


def _carries(label: str, common: set[str]) -> bool:
    return label not in common and not label.startswith("_") and not _RUNNING.fullmatch(label)


def bytes_up(carried: list[str]) -> int:
    """Estimate of what these labels carry."""
    return round(sum(map(len, carried)) * _encoded_text.bits_per_symbol(carried) / 8)


def bytes_down(traffic: DeviceTraffic, asked: Columns) -> int:
    """Record data of the answers as bits by type; addresses once each, since a tunnel answers a different one every time."""
    replies = asked.take(asked["response"] & asked["solicited"] & (asked["answers"] > 0))
    replies = replies.take(np.sort(numbered((replies.codes("query"), len(replies.words("query"))), (replies["qtype"], 1 << 16))[0]))
    names_bytes = np.array([len(_encoded_text.plain(query)) + 2 for query in replies["query"].tolist()], np.int64)
    fixed = HEADER_BYTES + QUESTION_BYTES + names_bytes + RECORD_BYTES * replies["answers"]
    data = _without_owners(replies["message_bytes"] - fixed, names_bytes - 2)
    bits = np.array([BITS_OF_ANSWER.get(qtype, 0.0) for qtype in replies["qtype"].tolist()])
    given = answers_to(traffic, asked)
    distinct = given.distinct("address")
    addresses = sum(ADDRESS_BYTES[28 if ":" in address else 1] for address in distinct) if len(distinct) > len(given) // 2 else 0
    return round(float((data * bits).sum()) / 8) + addresses


def answers_to(traffic: DeviceTraffic, asked: Columns) -> Columns:
    """ANSWERS to these queries (DNS)."""
    answers = traffic.tables.answers
    return answers.take(answers.is_any("name", asked.distinct("query")))


def _without_owners(data: NDArray[np.int64], owner_bytes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Record data, less the owner's name where servers write it out again instead of pointing at the question: then sizes follow the names."""
    written_out = bool((data >= owner_bytes).all()) and float(np.std(data - owner_bytes)) <= float(np.std(data)) if data.size else False
    left: NDArray[np.int64] = np.maximum(data - owner_bytes * written_out, 0)
    return left
