"""A small job among big ones, in the simulation that the benchmark runs."""

from scripts.bench.crowd import bench_crowd


def test_a_small_job_does_not_wait_for_the_big_ones() -> None:
    figures = bench_crowd(users=30, big=10)
    alone, shared, unshared = (figures[k] for k in ("alone", "with_equal_parts", "without"))
    assert shared["median_seconds"] < 1.5 * alone["median_seconds"]
    assert unshared["median_seconds"] > 3 * shared["median_seconds"]
