"""From the policies of a MUD file by way of its access lists to their entries (RFC 8520 section 2, RFC 8519 section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gdsi_audit.declarations import _checks as check
from gdsi_audit.declarations._checks import Wrong
from gdsi_audit.declarations._entries import suggestion
from gdsi_audit.declarations._lines import Where

CONTAINERS = ("ietf-access-control-list:acls", "ietf-access-control-list:access-lists")
"""RFC 8519 has the first; earlier drafts, which many files still follow, the second."""
POLICIES = ("from-device-policy", "to-device-policy")


def entries(document: object) -> Iterator[tuple[Where, bool, Mapping[str, object]]]:
    """Every access control entry that a policy of `document` refers to: where it stands, whether it is from the device, and itself. Raises Wrong."""
    root = table(document)
    mud = table(root.get("ietf-mud:mud"), "ietf-mud:mud")
    lists = _by_name(root)
    for policy in POLICIES:
        for where, name in _references(mud, policy):
            if name not in lists:
                raise Wrong(f'there is no access list "{name[:60]}"{suggestion(name, lists)}', *where)
            at, acl = lists[name]
            for place, ace in _items(table(acl.get("aces"), *at, "aces"), "ace", *at, "aces"):
                yield place, policy == POLICIES[0], ace


def _by_name(root: Mapping[str, object]) -> dict[str, tuple[Where, Mapping[str, object]]]:
    """The access lists and where they stand."""
    container = next((name for name in CONTAINERS if name in root), CONTAINERS[0])
    found: dict[str, tuple[Where, Mapping[str, object]]] = {}
    for where, acl in _items(table(root.get(container, {"acl": []}), container), "acl", container):
        name = str(acl.get("name"))
        if name in found:
            raise Wrong(f'there are two access lists "{name[:60]}"', *where)
        found[name] = where, acl
    return found


def _references(mud: Mapping[str, object], policy: str) -> Iterator[tuple[Where, str]]:
    if policy not in mud:
        return
    at: Where = ("ietf-mud:mud", policy, "access-lists")
    lists = table(table(mud[policy], *at[:2]).get("access-lists"), *at)
    for where, item in _items(lists, "access-list", *at):
        yield where, str(item.get("name", ""))


def _items(holder: Mapping[str, object], key: str, *above: str | int) -> Iterator[tuple[Where, Mapping[str, object]]]:
    value = holder.get(key)
    if not isinstance(value, list):
        raise Wrong(f"{key} must be a list, not {check.kind_of(value)}", *above, key)
    for index, item in enumerate(value):
        yield (*above, key, index), table(item, *above, key, index)


def table(value: object, *where: str | int) -> Mapping[str, object]:
    """`value`, where it is one. Raises Wrong at `where`."""
    if not isinstance(value, dict):
        raise Wrong(f"{where[-1] if where else 'a MUD file'} must be a table, not {check.kind_of(value)}", *where)
    return value
