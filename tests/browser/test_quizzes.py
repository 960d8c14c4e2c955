"""Quizzes in a browser: marked at once, by keyboard and by mouse, kept in this browser, readable without a script."""

import re

import pytest

from unet_course import paths
from unet_course.publishing import quizzes


@pytest.fixture
def quiz(new_page, quiz_address):
    return new_page(quiz_address)


def answers(question, *, right):
    """The letters of the right answer, or of the wrong ones."""
    every = question.locator(".uc-verdicts li").evaluate_all(
        "all => all.map(e => [e.dataset.letter, e.hasAttribute('data-right')])"
    )
    return [letter for letter, is_right in every if is_right == right]


def choose(question, letter):
    question.locator(f"input[value={letter}]").check()


def verdict(question):
    return question.locator(".uc-verdict").inner_text()


def score(page):
    return page.locator(".uc-quiz-score").inner_text()


def test_questions_are_those_of_the_files(quiz, quiz_address):
    legends = quiz.locator(".uc-question legend").all_inner_texts()
    part = quiz_address.split("/")[-2]
    assert part in quizzes.PARTS and legends
    assert [int(legend.split(".")[0]) for legend in legends] == list(range(1, len(legends) + 1))


def test_each_answer_is_marked_and_explained_and_the_first_one_counts(quiz):
    questions = quiz.locator(".uc-question").all()
    first, second = questions[:2]
    choose(first, answers(first, right=False)[0])
    assert verdict(first).split(") ", 1)[1].startswith("Not right. ")
    choose(first, answers(first, right=True)[0])
    assert re.match(r"\w\) Right\. \w", verdict(first))
    choose(second, answers(second, right=True)[0])
    assert score(quiz) == f"1 right at the first try, 2 of {len(questions)} questions answered."
    assert quiz.problems == []


def test_the_sign_of_a_verdict_is_not_its_colour_alone(quiz):
    question = quiz.locator(".uc-question").first
    sign = "e => getComputedStyle(e, '::before').content"
    choose(question, answers(question, right=True)[0])
    right = question.locator(".uc-verdict").evaluate(sign)
    choose(question, answers(question, right=False)[0])
    assert right != question.locator(".uc-verdict").evaluate(sign)


def test_a_quiz_by_keyboard(quiz):
    quiz.locator(".uc-quiz-reset").focus()
    quiz.keyboard.press("Tab")
    focused = quiz.locator("input:focus-visible")
    assert focused.get_attribute("name") == "question-1"
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    quiz.keyboard.press("Space")
    first = quiz.locator(".uc-question").first
    said = verdict(first)
    assert said and score(quiz).endswith(f"1 of {quiz.locator('.uc-question').count()} questions answered.")
    quiz.keyboard.press("ArrowDown")
    assert verdict(first) == said  # to move is not to answer
    quiz.keyboard.press("Enter")
    assert verdict(first) not in (said, "")


def test_arrow_keys_pass_by_answers_without_giving_one(quiz):
    first = quiz.locator(".uc-question").first
    first.locator("input").first.focus()
    for _ in range(2):
        quiz.keyboard.press("ArrowDown")
        assert verdict(first) == "Press Enter to answer." and score(quiz).startswith("0 right at the first try, 0 of")
    chosen = first.locator("input:checked").get_attribute("value")
    quiz.keyboard.press("Enter")
    assert (verdict(first).split(") ", 1)[1].startswith("Right.")) == (chosen in answers(first, right=True))
    assert " 1 of " in score(quiz)


def test_answers_stay_in_this_browser_until_start_again(quiz):
    first = quiz.locator(".uc-question").first
    choose(first, answers(first, right=False)[0])
    choose(first, answers(first, right=True)[0])
    before = verdict(first), score(quiz)
    quiz.reload()
    assert (verdict(first), score(quiz)) == before
    quiz.locator(".uc-quiz-reset").focus()
    quiz.keyboard.press("Enter")
    for _ in range(2):
        assert score(quiz).startswith("0 right at the first try, 0 of")
        assert quiz.locator(".uc-question input:checked").count() == 0 and verdict(first) == ""
        quiz.reload()


def test_without_javascript_answers_unfold(new_page, quiz_address):
    page = new_page(quiz_address, java_script_enabled=False)
    assert not page.locator(".uc-quiz-bar").is_visible() and not page.locator(".uc-quiz-key").is_visible()
    page.locator(".uc-verdicts summary").first.click()
    assert page.locator(".uc-verdicts li[data-right]").first.is_visible()


def test_paper_has_questions_and_a_key(quiz):
    quiz.emulate_media(media="print")
    assert quiz.locator(".uc-question legend").first.is_visible()
    assert quiz.locator(".uc-quiz-key p").count() == 1 + quiz.locator(".uc-question").count()
    assert quiz.locator(".uc-quiz-key").is_visible()
    assert not quiz.locator(".uc-verdicts").first.is_visible() and not quiz.locator(".uc-quiz-bar").is_visible()


def test_every_chapter_ends_with_its_questions(folder):
    for part in quizzes.PARTS:
        for page in quizzes.chapters(part, paths.repo_root()):
            text = (folder / f"{page}.html").read_text(encoding="utf-8")
            asked = quizzes.read(quizzes.file(page, paths.repo_root()))
            assert text.count('class="uc-question"') == len(asked), page
            assert text.count('class="uc-can"') >= 3, page


def test_what_a_reader_can_do_is_ticked_by_keyboard_and_remembered(new_page):
    page = new_page("notebooks/foundations/unet.html")
    boxes = page.locator(".uc-can input")
    boxes.nth(1).focus()
    page.keyboard.press("Space")
    page.reload()
    assert boxes.evaluate_all("all => all.map(e => e.checked)") == [k == 1 for k in range(boxes.count())]
    assert page.problems == []
