"""How long pages take, and the sittings into which long ones fall."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from unet_course.publishing import chapters, reading


@given(st.lists(st.floats(0.5, 60), min_size=1, max_size=7), st.integers(1, 4))
def test_no_other_cuts_give_a_shorter_longest_sitting(times, count):
    parts = reading._divided(times, count)
    count = min(count, len(times))
    assert [time for part in parts for time in part] == times and len(parts) == count and all(parts)
    every = itertools.combinations(range(1, len(times)), count - 1)
    ends = ((0, *cuts, len(times)) for cuts in every)
    longest = min(max(sum(times[start:end]) for start, end in itertools.pairwise(cuts)) for cuts in ends)
    assert max(map(sum, parts)) == longest


def test_sittings_hold_every_section_and_all_of_the_time():
    for chapter in chapters.listed():
        parts = reading.sittings(chapter)
        text = re.sub(r"```.*?```", "", chapters.text(chapter), flags=re.DOTALL)
        assert sum(count for count, _ in parts) == len(re.findall("^## ", text, re.MULTILINE)), chapter.name
        assert abs(sum(minutes for _, minutes in parts) - reading.minutes(chapter)) <= len(parts), chapter.name


def test_a_page_is_divided_only_if_it_is_long():
    for chapter in chapters.listed():
        minutes, parts = reading.minutes(chapter), len(reading.sittings(chapter))
        assert minutes >= reading.LONGEST if parts > 1 else minutes <= reading.LONGEST, chapter.name
