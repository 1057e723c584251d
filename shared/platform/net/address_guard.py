"""Which addresses a URL from outside may lead to.

Checked twice: the URL as written, before anything is resolved, and the address of every socket
right before it is connected. The second check is the one that counts: it sees what the resolver
answered at that moment, literal addresses that never pass a resolver, and every redirect.
"""

import os
import socket
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from ssrfguard import DEFAULT_DENIED, AddressTable, Block, Policy, Reach, SSRFGuardError

SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]

_TABLE: Final = AddressTable(
    (
        *DEFAULT_DENIED.blocks,
        # Inside Azure this public address is the host agent ("WireServer").
        Block(ip_network("168.63.129.16/32"), "Azure platform", "Microsoft Learn", Reach.DENIED),
        # The longest prefix decides: this closes what no other block mentions.
        Block(ip_network("::/0"), "Not assigned", "RFC4291", Reach.DENIED),
        Block(ip_network("2000::/3"), "Global Unicast", "RFC4291", Reach.PERMITTED),
    )
)
_PORTS: Final = frozenset({80, 443})
_IDENTITY_VARIABLES: Final = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "IMDS_ENDPOINT")


class BlockedAddress(Exception):
    """The URL or the address behind it may not be fetched; the message says why."""


class AddressGuard:
    """The rules for one client.

    ``allowed`` holds exact ``address:port`` pairs that are open although they are private, such
    as a local image web. Hosts of the platform's identity endpoints stay closed in any case.
    """

    def __init__(
        self, allowed: Iterable[str] = (), environment: Mapping[str, str] = os.environ
    ) -> None:
        self._allowed = frozenset(allowed)
        ports = {int(pair.rpartition(":")[2]) for pair in self._allowed}
        # Syntax only: addresses and ports are judged below, where the allowed pairs are known.
        self._syntax = Policy(allowed_ports=_PORTS | ports, denied_networks=AddressTable(()))
        self._identity = {
            (urlsplit(environment[name]).hostname or "").lower()
            for name in _IDENTITY_VARIABLES
            if environment.get(name)
        }

    def check_url(self, url: str) -> None:
        """Judges the URL as written.

        Raises:
            BlockedAddress: scheme, user info, port, host or literal address are not allowed.
        """
        try:
            target = self._syntax.check_url(url)
        except SSRFGuardError as refused:
            raise BlockedAddress(getattr(refused, "reason", "refused")) from None
        if target.host.rstrip(".") in self._identity:
            raise BlockedAddress("the host is the platform's identity endpoint")
        if _pair(target.host, target.port) in self._allowed:
            return
        if target.port not in _PORTS:
            raise BlockedAddress(f"port {target.port} is not 80 or 443")
        if target.address is not None:
            _check_address(target.address)

    def open_socket(self, info: tuple[int, int, int, str, SocketAddress]) -> socket.socket:
        """A socket for the connection that comes next, as aiohttp asks for it.

        Raises:
            BlockedAddress: no connection may be made to that address.
        """
        family, kind, protocol, _, (host, port, *_) = info
        if _pair(host, port) not in self._allowed:
            if port not in _PORTS:
                raise BlockedAddress(f"port {port} is not 80 or 443")
            _check_address(ip_address(host.partition("%")[0]))
        return socket.socket(family, kind, protocol)


def _check_address(address: IPv4Address | IPv6Address) -> None:
    verdict = _TABLE.classify(address)
    if verdict.blocked:
        raise BlockedAddress(verdict.reason)


def _pair(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
