"""Where a request came from, as the platform's front end saw it.

Azure's front end appends the address of its peer to ``X-Forwarded-For``. Everything left of that
was written by the client and is worth nothing, unless the peer is one of our own proxies
(``TRUSTED_PROXIES``): the client is the right-most address that is not.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from shared.platform.settings.parts import Network

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN = "unknown"
IPV6_SUBSCRIBER_BITS = 64  # one subscriber has a whole such network


def client_address(headers: Mapping[str, str], trusted: "Sequence[Network]" = ()) -> str:
    """The client's address; of IPv6 its /64 network. ``headers`` have lower-case names."""
    for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
        address = _parse(hop.strip())
        if address is None:
            return UNKNOWN
        if not any(address in network for network in trusted):
            return _subscriber(address)
    return UNKNOWN


def _parse(hop: str) -> Address | None:
    """The address of ``1.2.3.4``, ``1.2.3.4:5678``, ``2001:db8::1`` or ``[2001:db8::1]:5678``."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ipaddress.ip_address(hop)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _subscriber(address: Address) -> str:
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_SUBSCRIBER_BITS), strict=False))
