"""Questions as files and as a page: well formed, one for each chapter, readable without a script."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml

from unet_course import paths
from unet_course.publishing import quizzes

ROOT = paths.repo_root()
INVENTORY = ROOT / "book" / "teaching" / "concept_inventory.yaml"
FILES = [*sorted((ROOT / "book" / "quizzes").rglob("*.yaml")), INVENTORY]
CHAPTERS = [page for part in quizzes.PARTS for page in quizzes.chapters(part, ROOT)]
GOOD = [
    {
        "question": "Is `1 < 2`?",
        "answers": [
            {"text": "Yes, by 1.", "right": True, "because": "2 is 1 & 1."},
            {"text": "No.", "because": "Count again."},
        ],
    }
]


def test_every_chapter_asks_three_questions_or_more():
    assert [page for page in CHAPTERS if len(quizzes.read(quizzes.file(page, ROOT))) < 3] == []


def test_questions_are_well_formed_and_belong_to_a_page():
    for file in FILES:
        for question in quizzes.read(file):
            assert question.text.endswith("?"), question.text
            for text in (question.text, *(t for answer in question.answers for t in (answer.text, answer.because))):
                assert not re.search(r"\$|\*\*|\{\w+\}`", text), f"plain text and `code` only: {text}"
        assert file == INVENTORY or (ROOT / "book" / file.parent.name / f"{file.stem}.md").exists()


def test_no_question_is_asked_twice():
    texts = [question.text for file in FILES for question in quizzes.read(file)]
    assert len(texts) == len(set(texts))


def test_the_place_of_an_answer_does_not_tell_whether_it_is_right():
    questions = [question for file in FILES for question in quizzes.read(file)]
    first = sum(question.mixed[0].right for question in questions) / len(questions)
    assert 0.2 < first < 0.5
    assert all(set(question.mixed) == set(question.answers) for question in questions)


def test_the_length_of_an_answer_does_not_tell_whether_it_is_right():
    longest = []
    for question in (question for file in FILES for question in quizzes.read(file)):
        right = max(len(answer.text) for answer in question.answers if answer.right)
        wrong = max(len(answer.text) for answer in question.answers if not answer.right)
        assert right <= 1.25 * wrong, question.text
        longest.append(right > wrong)
    assert 0.2 < sum(longest) / len(longest) < 0.5


def change(**changes):
    return [GOOD[0] | changes]


def answers(*changes):
    return change(answers=[answer | new for answer, new in zip(GOOD[0]["answers"], changes, strict=True)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "must hold a list of questions"),
        ("text", "must hold a list of questions"),
        ([{"question": "Why?"}], "question 1 needs answers and question"),
        (change(hint="no"), "nothing else"),
        (change(answers=GOOD[0]["answers"][:1]), "two to four answers"),
        (change(answers=GOOD[0]["answers"] * 3), "two to four answers"),
        (change(question=3), "question must be a text"),
        (answers({}, {"right": True}), "exactly one answer"),
        (answers({"right": False}, {}), "exactly one answer"),
        (answers({"right": "yes"}, {}), "answer 1: write `right: true`"),
        (answers({}, {"text": "Yes, by 1."}), "the same answer twice"),
        (answers({}, {"because": " "}), "answer 2: because must be a text"),
        (answers({}, {"text": 12}), "answer 2: text must be a text; put numbers"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, content, message):
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(quizzes.QuizError, match=re.escape(message)):
        quizzes.read(tmp_path / "a.yaml")


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    (tmp_path / "a.yaml").write_text("- question: [", encoding="utf-8")
    with pytest.raises(quizzes.QuizError, match="a.yaml is not YAML"):
        quizzes.read(tmp_path / "a.yaml")


# The page

CONFIGURATION = f"""
import sys
sys.path.insert(0, {str(ROOT / "book" / "_ext")!r})
extensions = ["myst_parser", "quiz"]
html_static_path = [{str(ROOT / "book" / "_static")!r}]
include_patterns = ["index.md", "book/**/quiz.md", "notebooks/**"]
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book of two chapters, one of them with a question, and its quiz, as Sphinx sources."""
    root = tmp_path_factory.mktemp("quiz")
    for folder in ("book/beyond", "notebooks/beyond", "book/quizzes/beyond"):
        (root / folder).mkdir(parents=True)
    for chapter in ("one", "two"):
        (root / f"book/beyond/{chapter}.md").write_text(f"# Chapter {chapter}\n", encoding="utf-8")
        text = f"# Chapter {chapter}\n\n**You will be able to**\n\n- count *pixels*;\n- sleep.\n\n## Summary\n"
        (root / f"notebooks/beyond/{chapter}.md").write_text(text, encoding="utf-8")
    (root / "book/quizzes/beyond/two.yaml").write_text(yaml.safe_dump(GOOD), encoding="utf-8")
    (root / "book/beyond/quiz.md").write_text("# Quiz\n\n```{quiz} beyond\n```\n", encoding="utf-8")
    pages = ["notebooks/beyond/one", "notebooks/beyond/two", "book/beyond/quiz"]
    (root / "_toc.yml").write_text(
        yaml.safe_dump({"parts": [{"chapters": [{"file": page} for page in pages]}]}), encoding="utf-8"
    )
    (root / "index.md").write_text("# Index\n\n```{toctree}\n" + "\n".join(pages) + "\n```\n", encoding="utf-8")
    (root / "conf.py").write_text(CONFIGURATION, encoding="utf-8")
    return root


def build(root):
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q", "-b", "html", root, root / "out"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def page(book):
    done = build(book)
    assert done.returncode == 0, done.stderr
    return (book / "out/book/beyond/quiz.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_asks_links_back_and_has_a_key(page):
    assert page.count("<fieldset") == 1 and page.count('type="radio"') == 2
    assert '<code class="literal">1 &lt; 2</code>' in page
    assert 'href="../../notebooks/beyond/two.html"' in page
    assert "<h2>Chapter two" in page and "<h2>Chapter one" not in page
    key = re.search('<div class="uc-quiz-key">(.*?)</div>', page, re.DOTALL)[1]
    right = re.search(r'value="(\w)">\s*<span>\w\) Yes, by 1\.', page)[1]
    assert f"1. {right}) 2 is 1 &amp; 1." in key


@pytest.mark.slow
def test_a_chapter_ends_with_its_questions_and_what_one_can_do_now(page, book):
    one, two = (
        (book / f"out/notebooks/beyond/{chapter}.html").read_text(encoding="utf-8") for chapter in ("one", "two")
    )
    assert "Check yourself" not in one
    under = two[two.index("<h2>Check yourself") :]
    assert two.index("<h2>Summary") < two.index("<h2>Check yourself") and under.count("<fieldset") == 1
    assert re.search(r'<label class="uc-can"><input type="checkbox"><span>count <em>pixels</em>;</span></label>', under)
    assert under.count('class="uc-can"') == 2


@pytest.mark.slow
def test_the_answers_are_in_the_page_without_a_script(page):
    verdicts = re.search("<details.*?</details>", page, re.DOTALL)[0]
    assert "<strong>Right.</strong> 2 is 1 &amp; 1." in verdicts
    assert "<strong>Not right.</strong> Count again." in verdicts


@pytest.mark.slow
def test_script_and_style_come_with_a_quiz_only(page, book):
    other = (book / "out/notebooks/beyond/one.html").read_text(encoding="utf-8")
    for file in ("quiz.js", "quiz.css"):
        assert f"_static/{file}" in page and f"_static/{file}" not in other


@pytest.mark.slow
def test_new_questions_make_the_page_anew(book, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(book, copy, ignore=shutil.ignore_patterns("out"))
    assert build(copy).returncode == 0
    (copy / "book/quizzes/beyond/one.yaml").write_text(yaml.safe_dump(change(question="Who?")), encoding="utf-8")
    assert build(copy).returncode == 0
    assert (copy / "out/book/beyond/quiz.html").read_text(encoding="utf-8").count("<fieldset") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("book/quizzes/beyond/one.yaml", "- question: Why?", "one.yaml, question 1 needs answers"),
        ("book/beyond/quiz.md", "# Quiz\n\n```{quiz} belong\n```\n", "There is no part 'belong'"),
    ],
)
def test_a_wrong_quiz_fails_the_build(book, tmp_path, file, text, message):
    copy = tmp_path / "copy"
    shutil.copytree(book, copy, ignore=shutil.ignore_patterns("out"))
    (copy / file).write_text(text, encoding="utf-8")
    done = build(copy)
    assert done.returncode and message in done.stderr
