"""The page of errors quotes what the package says, word for word."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book" / "appendix" / "when_something_goes_wrong.md"
GAP = "\N{HORIZONTAL ELLIPSIS}"  # stands for a value in a message


def messages():
    """Every text in the package's code, a gap where a value goes."""
    found = []
    for path in (ROOT / "unet_course").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(part.value if isinstance(part, ast.Constant) else GAP for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def quotes():
    """What stands in the first column of the page's tables."""
    cells = re.findall(r"^\| (.+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [quote for cell in cells for quote in re.findall(r"`(.+)`", cell)]


def says(quote, message):
    parts = [re.escape(part) for part in quote.split("...")]
    return re.search(".+".join(part for part in parts if part), message, re.DOTALL)


def test_the_page_quotes_what_the_package_says():
    said = messages()
    assert len(quotes()) > 30
    assert [quote for quote in quotes() if not any(says(quote, message) for message in said)] == []


def test_a_quote_with_another_word_is_found():
    assert not any(says("... is truncated or no image (...)", message) for message in messages())
