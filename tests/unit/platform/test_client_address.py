"""The client's address behind Azure's front end and behind proxies of our own."""

from ipaddress import ip_network

import pytest

from shared.platform.http.auth.client_address import client_address


class TestClientAddress:
    @pytest.mark.parametrize(
        ("forwarded", "address"),
        [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:51234", "203.0.113.7"),
            ("1.1.1.1, 203.0.113.7:51234", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("", "unknown"),
            ("203.0.113.7, evil", "unknown"),
        ],
    )
    def test_is_what_the_front_end_appended(self, forwarded: str, address: str) -> None:
        assert client_address({"x-forwarded-for": forwarded}) == address

    def test_our_own_proxies_are_not_the_client(self) -> None:
        headers = {"x-forwarded-for": "9.9.9.9, 203.0.113.7, 10.0.0.4, 10.0.0.5:8080"}
        assert client_address(headers, [ip_network("10.0.0.0/8")]) == "203.0.113.7"

    def test_no_header_is_no_address(self) -> None:
        assert client_address({}) == "unknown"
