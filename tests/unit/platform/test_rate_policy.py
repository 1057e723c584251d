"""The headers of draft-ietf-httpapi-ratelimit-headers."""

import http_sf

from shared.platform.ratelimit.policy import Policy, Usage, headers_of


class TestHeaders:
    USAGES = (
        Usage(Policy("default", 100, 60), 1, 59.2),
        Usage(Policy("key", 1000, 3600), 1001, 7.0),
    )

    def test_look_as_in_the_draft(self) -> None:
        assert headers_of(self.USAGES[:1]) == {
            "RateLimit-Policy": '"default";q=100;w=60',
            "RateLimit": '"default";r=99;t=60',
        }

    def test_are_structured_fields(self) -> None:
        headers = headers_of(self.USAGES)
        policy = http_sf.parse(headers["RateLimit-Policy"].encode(), tltype="list")
        assert policy == [("default", {"q": 100, "w": 60}), ("key", {"q": 1000, "w": 3600})]
        limit = http_sf.parse(headers["RateLimit"].encode(), tltype="list")
        assert limit == [("default", {"r": 99, "t": 60}), ("key", {"r": 0, "t": 7})]

    def test_nothing_limited_says_nothing(self) -> None:
        assert headers_of([]) == {}
