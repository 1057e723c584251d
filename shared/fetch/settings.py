"""How politely strangers' hosts are asked, and under which name."""

from typing import Annotated

from pydantic import Field

from shared.platform.settings.parts import Part, listed, unfit_for_production


class FetchSettings(Part):
    """What every download keeps to."""

    crawler_contact_email: str = "crawler@pixcrawler.example"
    crawl_allowed_hosts: Annotated[str, unfit_for_production(bool)] = ""
    crawl_timeout_seconds: float = Field(15, gt=0)
    crawl_retry_wait_seconds: float = Field(2, gt=0)
    crawl_downloads_in_flight: int = Field(32, ge=1, le=64)
    crawl_connections_per_host: int = Field(2, ge=1, le=64)
    crawl_host_spacing_seconds: float = Field(0.1, ge=0, le=60)

    @property
    def user_agent(self) -> str:
        """What the crawler calls itself, with an address to complain to."""
        return f"PixCrawler/0.1 (dataset crawler; mailto:{self.crawler_contact_email})"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The ``host:port`` pairs that may be crawled although they are private addresses."""
        return frozenset(listed(self.crawl_allowed_hosts))
