"""Which processor a frozen encoder computes on."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from serkit.encoders import machine


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A machine with three NVIDIA GPUs, as Linux tells of it."""
    for number in range(3):
        (tmp_path / "gpus" / f"0000:0{number}:00.0").mkdir(parents=True)
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr(machine, "_GPUS", tmp_path / "gpus")
    monkeypatch.setattr(machine, "_DRIVER", tmp_path / "nvidiactl")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


class TestCount:
    def test_gpus_are_counted_by_the_driver(self, driver):
        assert machine.count_gpus() == 3

    @pytest.mark.parametrize(
        ("visible", "count"), [("", 0), ("-1", 0), ("2", 1), ("0,2", 2), ("1,-1,0", 1)]
    )
    def test_those_that_may_be_seen(self, driver, monkeypatch, visible, count):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert machine.count_gpus() == count

    def test_one_where_a_container_does_not_tell(self, driver):
        (driver / "gpus").rename(driver / "hidden")
        assert machine.count_gpus() == 1

    def test_none_without_a_driver_whatever_may_be_seen(self, driver, monkeypatch):
        (driver / "nvidiactl").unlink()
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
        assert machine.count_gpus() == 0


@pytest.mark.skipif(not find_spec("torch"), reason="needs torch")
class TestOwnDevice:
    def test_workers_take_turns_over_the_gpus(self, monkeypatch):
        import torch

        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        found = []
        for number in (5, 6, 7):
            monkeypatch.setattr(machine, "worker_number", lambda number=number: number)
            found.append(machine.own_device("auto"))
        assert found == ["cuda:1", "cuda:0", "cuda:1"]

    def test_a_cpu_stays_one(self):
        assert machine.own_device("cpu") == "cpu"
