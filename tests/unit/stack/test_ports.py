"""Ports that a stack keeps, gives up when they are taken, and never gives twice."""

import socket
from pathlib import Path

from scripts.devhost.stack.ports import RANGE, choose_ports, is_free, is_listening


def test_keeps_ports_over_restarts(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    chosen = choose_ports(file, ["one", "other"])
    assert len(set(chosen.values())) == 2
    assert set(chosen.values()) <= set(RANGE)
    assert choose_ports(file, ["other", "one"]) == chosen


def test_remembers_the_ports_of_parts_that_are_not_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    chosen = choose_ports(file, ["one", "other"])
    choose_ports(file, ["one"])
    assert choose_ports(file, ["other"]) == {"other": chosen["other"]}


def test_chooses_another_port_when_it_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    taken = choose_ports(file, ["one"])["one"]
    with socket.create_server(("127.0.0.1", taken)):
        assert is_listening(taken)
        assert not is_free(taken)
        moved = choose_ports(file, ["one"])["one"]
    assert moved != taken
    assert choose_ports(file, ["one"])["one"] == moved


def test_a_damaged_memory_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    file.write_text('{"one": ')
    assert choose_ports(file, ["one"])["one"] in RANGE
