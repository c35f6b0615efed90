"""What the words of a report mean, for a reader who has never seen one."""

from __future__ import annotations

from types import MappingProxyType

VERDICTS = MappingProxyType(
    {
        "contradicted": "Something that the vendor stated is broken by what was seen: with high confidence, and in something that matters.",
        "indicator": "What was seen fits what the commitment speaks against. It has innocent explanations, which stand beside it.",
        "no contradiction observed": "Enough was seen, and nothing of it speaks against what was stated. That is no clearance: see the limits.",
        "inconclusive": "Too little was seen or declared to say anything. What is missing stands beside it.",
        "not testable": "Packets cannot show it, whatever the capture.",
    }
)
"""The closed list of verdicts."""

WORDS = MappingProxyType(
    {
        "severity": "How bad it would be if it were so: info, low, medium, high, critical.",
        "confidence": "How sure it is that it is so: low, medium, high.",
        "frame": "One packet as the capture holds it, numbered from 1 as in Wireshark.",
        "display filter": "What to paste into the line above Wireshark's list of frames, or behind `tshark -Y`, to see the evidence.",
        "flow": "One conversation between two addresses: a connection, or the datagrams that belong together.",
        "payload": "What programs sent to each other: without the headers that carry it, and repeated parts once.",
        "up, down": "Sent by the device; sent to the device.",
        "first hop": "The address that the device itself spoke to. Who stands behind it does not show in traffic.",
        "named": "Share of the payload sent up to a party whose name showed in the traffic.",
        "located": "Share of the payload sent up to an address of which independent sources name the same country.",
        "readable": "Share of the payload sent up that anybody on the way could read, or that was decrypted for the audit.",
        "loss": "Share of what was sent that the capture missed, by the numbers that connections carry.",
        "inside, outside": "Whether that country is among those that the declaration allows.",
        "contested": "Sources name different countries: all of them are shown, none is asserted.",
        "multi-location": "The address answers from many places at once, so that no country can be named.",
        "vantage": "Where the capture was taken: it decides what could be seen at all.",
    }
)
"""Terms of the trade, as reports use them."""
