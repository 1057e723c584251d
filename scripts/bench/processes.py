"""What the processes of the Functions host cost."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Cost:
    """CPU seconds so far and peak resident memory in megabytes, by process."""

    cpu_seconds: dict[int, float]
    peak_mb: dict[str, int]

    @property
    def total_cpu_seconds(self) -> float:
        """CPU seconds of all processes."""
        return sum(self.cpu_seconds.values())


def measure(host_pid: int) -> Cost:
    """The cost of the host and its workers, from their starts until now."""
    host = psutil.Process(host_pid)
    processes = [host, *host.children(recursive=True)]
    cpu, peak = {}, {}
    for number, process in enumerate(processes):
        times = process.cpu_times()
        cpu[process.pid] = times.user + times.system
        name = "host" if process.pid == host_pid else f"worker {number}"
        peak[name] = _peak_mb(process)
    return Cost(cpu, peak)


def _peak_mb(process: psutil.Process) -> int:
    """The high-water mark where the system keeps one (Linux), else the present size."""
    try:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        return int(fields["VmHWM"].split()[0]) // 1024
    except OSError:
        return int(process.memory_info().rss) // 2**20
