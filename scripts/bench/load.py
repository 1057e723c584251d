"""Load on an HTTP API: polls, lists and creates, as fast as it answers or at a fixed rate."""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

CONNECTIONS = 50
PATIENCE_SECONDS = 300.0  # then a request counts as failed
POLLS, LISTS = 0.7, 0.2  # the rest creates


@dataclass
class Load:
    """One run against one API; latencies in seconds."""

    url: str
    headers: dict[str, str]
    project_id: int
    job_ids: Sequence[int]
    seconds: list[float] = field(default_factory=list)
    errors: int = 0

    async def request(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        """Sends one request of the mix."""
        started, kind = time.perf_counter(), chance.random()
        if kind < POLLS:
            path = f"jobs/{chance.choice(self.job_ids)}/progress"
            call = session.get(f"{self.url}/{path}", headers=self.headers)
        elif kind < POLLS + LISTS:
            call = session.get(f"{self.url}/jobs?limit=20", headers=self.headers)
        else:
            body = {"project_id": self.project_id, "name": "b", "keywords": ["cat"]}
            call = session.post(f"{self.url}/jobs", headers=self.headers, json=body)
        try:
            async with call as answer:
                await answer.read()
                self.errors += answer.status >= 400
        except (aiohttp.ClientError, TimeoutError):
            self.errors += 1
        self.seconds.append(time.perf_counter() - started)


async def as_fast_as_possible(load: Load, requests: int) -> float:
    """Requests per second over all connections."""
    started = time.perf_counter()

    async def client(number: int, session: aiohttp.ClientSession) -> None:
        chance = random.Random(number)
        for _ in range(requests // CONNECTIONS):
            await load.request(session, chance)

    await _with_session(
        lambda session: asyncio.gather(*(client(n, session) for n in range(CONNECTIONS)))
    )
    return len(load.seconds) / (time.perf_counter() - started)


async def at_rate(
    load: Load, requests: int, per_second: float, *, timeout: float = PATIENCE_SECONDS
) -> None:
    """Requests at their times, whether or not those before have been answered."""
    chance = random.Random(0)

    async def send(session: aiohttp.ClientSession) -> None:
        started, tasks = time.perf_counter(), []
        for number in range(requests):
            await asyncio.sleep(max(0, started + number / per_second - time.perf_counter()))
            tasks.append(asyncio.create_task(load.request(session, chance)))
        await asyncio.gather(*tasks)

    await _with_session(send, timeout)


async def _with_session(
    work: Callable[[aiohttp.ClientSession], Awaitable[object]], timeout: float = PATIENCE_SECONDS
) -> None:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    patience = aiohttp.ClientTimeout(total=timeout)
    async with aiohttp.ClientSession(connector=connector, timeout=patience) as session:
        await work(session)


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Milliseconds at p50, p95 and p99."""
    cuts = statistics.quantiles(seconds, n=100)
    return {f"p{p}_ms": round(1000 * cuts[p - 1], 1) for p in (50, 95, 99)}


def main() -> None:
    """Reads the order as JSON from its argument and prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("order", help="JSON: url, headers, project_id, first_job, jobs, requests")
    order = json.loads(parser.parse_args().order)
    jobs = range(order["first_job"], order["first_job"] + order["jobs"])
    load = Load(order["url"], order["headers"], order["project_id"], jobs)
    rate = order.get("per_second")
    if rate:
        asyncio.run(at_rate(load, order["requests"], rate))
    else:
        rate = asyncio.run(as_fast_as_possible(load, order["requests"]))
    figures = {"requests_per_second": round(rate, 1), "errors": load.errors}
    json.dump(figures | percentiles(load.seconds), sys.stdout)


if __name__ == "__main__":
    main()
