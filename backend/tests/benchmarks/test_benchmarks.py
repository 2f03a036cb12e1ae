"""What `make bench` says and keeps, and the figure of it that every test run can look at: the room of the environment."""

from __future__ import annotations

import json
import os

import pytest

from benchmarks import Line, __main__, environment
from workshop.generated import bench


@pytest.mark.parametrize(
    ("line", "holds", "wanted", "measured"),
    [
        (Line("rate", 1.5, least=1.5), True, "at least 1.5", "1.5"),
        (Line("rate", 1.4999, least=1.5), False, "at least 1.5", "1.5"),
        (Line("memory", 451.0, "MB", most=450), False, "at most 450", "451 MB"),
        (Line("torch", 0, most=0), True, "at most 0", "0"),
        (Line("recall", 0.8077), True, "", "0.808"),
    ],
)
def test_a_line_knows_whether_it_holds(line, holds, wanted, measured):
    assert (line.holds, line.wanted, line.measured) == (holds, wanted, measured)


def test_the_environment_is_small_and_without_torch():
    room, torch = environment.measure()
    assert torch.holds and room.holds and room.value > 300, room


def test_a_file_of_two_names_counts_once(tmp_path):
    (tmp_path / "one").write_bytes(os.urandom(3 << 20))
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    assert 3 <= environment.megabytes(tmp_path) < 3.5


def test_a_line_that_does_not_hold_fails_the_run_and_is_kept(tmp_path, monkeypatch, capsys):
    figures = tmp_path / "figures" / "bench.json"
    monkeypatch.setattr(__main__, "FIGURES", figures)
    monkeypatch.setattr(environment, "MOST", 1)
    assert __main__.main(["environment"]) == 1
    assert "! virtual environment" in capsys.readouterr().out
    kept = json.loads(figures.read_text(encoding="utf-8"))
    assert [line["holds"] for line in kept["environment"]["lines"]] == [False, True]


def test_an_unknown_benchmark_is_named():
    with pytest.raises(SystemExit, match=r"No benchmark is called speed\. There are: environment,"):
        __main__.main(["speed"])


def test_the_kept_figures_are_on_the_pages():
    assert "HNSW, recall@10 at 100,000 vectors" in bench.table(["nearest"])
