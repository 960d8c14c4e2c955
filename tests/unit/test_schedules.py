"""Learning rates as numbers, the search for one, and the advice when a run cannot go on."""

import math

import numpy as np
import pytest

from unet_course.common import hardware, messages, schedules


def test_the_triangle_climbs_and_falls_evenly():
    rates = [schedules.triangle(step, 1, 5, 4) for step in range(17)]
    assert rates == [1, 2, 3, 4, 5, 4, 3, 2, 1, 2, 3, 4, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("step", [0, 3, 7, 10, 23])
def test_the_triangle_is_the_one_of_the_paper(step):
    lowest, highest, half_cycle = 1e-4, 6e-3, 5
    cycle = math.floor(1 + step / (2 * half_cycle))
    x = abs(step / half_cycle - 2 * cycle + 1)
    expected = lowest + (highest - lowest) * max(0, 1 - x)
    assert schedules.triangle(step, lowest, highest, half_cycle) == pytest.approx(expected)


def test_the_ladder_has_even_steps_in_the_logarithm():
    rates = schedules.ladder(1e-5, 1, 11)
    assert rates[0] == pytest.approx(1e-5) and rates[-1] == pytest.approx(1)
    assert np.allclose(rates[1:] / rates[:-1], 10**0.5)
    with pytest.raises(ValueError, match="no ladder"):
        schedules.ladder(1, 0.1, 10)


def test_the_search_ends_when_the_loss_explodes_and_suggests_a_tenth_of_the_best_rate():
    search = schedules.RateSearch()
    for rate in schedules.ladder(1e-4, 100, 61):
        loss = 1 - 0.5 * np.exp(-((np.log10(rate) + 1) ** 2)) + (rate if rate > 1 else 0)
        if search.add(rate, loss):
            break
    assert rate < 100
    assert 0.005 < search.suggestion < 0.05  # the best loss is at 0.1
    assert list(search.frame().columns) == ["learning_rate", "loss", "smooth_loss"]
    assert search.frame().smooth_loss[0] == pytest.approx(search.losses[0])


def test_a_loss_that_is_not_a_number_ends_the_search():
    search = schedules.RateSearch()
    assert not search.add(0.001, 1.0)
    assert search.add(0.01, float("nan"))
    assert search.suggestion == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("batch_size", "accumulate", "words"),
    [
        (16, 1, "batch_size=8, or accumulate=2 with batch_size=16"),
        (12, 2, "accumulate=4"),
        (2, 2, "base_filters"),
        (16, None, "batch_size=8."),
        (1, None, "tile=128"),
    ],
)
def test_advice_on_memory_names_a_batch_size_that_works(batch_size, accumulate, words):
    assert words in messages.out_of_memory(batch_size, (256, 256, 3), accumulate)
    assert "256x256" in messages.out_of_memory(batch_size, (256, 256, 3), accumulate)


def test_only_a_lack_of_memory_is_explained():
    with pytest.raises(MemoryError, match="accumulate=2") as caught, messages.about_memory(4, (8, 8, 1), 1):
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB.")
    assert "Tried to allocate" in str(caught.value.__cause__)
    with pytest.raises(RuntimeError, match="shape"), messages.about_memory(4, (8, 8, 1), 1):
        raise RuntimeError("wrong shape")


@pytest.mark.parametrize(
    ("text", "able"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n", True),
        ("flags : fpu amx_bf16\n", True),
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("flags : fpu avx2 avx512f\n", False),
        ("", False),
    ],
)
def test_bfloat16_is_read_from_what_the_system_says(tmp_path, monkeypatch, text, able):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    (tmp_path / "cpuinfo").write_text(text, encoding="utf-8")
    assert hardware.has_bfloat16(tmp_path / "cpuinfo") is able
    assert hardware.has_bfloat16(tmp_path / "missing") is False


@pytest.mark.parametrize(("value", "able"), [("AVX2", False), ("sse41", False), ("DEFAULT", True), ("", True)])
def test_bfloat16_is_left_alone_where_onednn_is_told_to_be_older(tmp_path, monkeypatch, value, able):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", value)
    (tmp_path / "cpuinfo").write_text("flags : avx512_bf16\n", encoding="utf-8")
    assert hardware.has_bfloat16(tmp_path / "cpuinfo") is able
