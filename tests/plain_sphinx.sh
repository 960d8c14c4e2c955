#!/usr/bin/env bash
# Builds the staged site of the last `make book` with Sphinx alone, warnings being errors: `tests/plain_sphinx.sh`.
# Jupyter Book 1 is a frame around Sphinx that nobody develops any more. This is the way out, tried every week.
set -euo pipefail
cd "$(dirname "$0")/.."

stage=_build/plain_sphinx
rm -rf "$stage"
cp -R _build/site "$stage"
rm -rf "$stage/_build"
.venv/bin/jupyter-book config sphinx "$stage"

# What Jupyter Book itself adds goes; the book's own extensions need a path.
.venv/bin/python - "$stage/conf.py" <<'PYTHON'
import re
import sys
from pathlib import Path

conf = Path(sys.argv[1])
text = conf.read_text(encoding="utf-8")
for name in ("jupyter_book", "sphinx_thebe", "sphinx_jupyterbook_latex"):
    text, n = re.subn(rf"'{name}',? ?", "", text)
    assert n, f"{name} is no longer among the extensions: this line can go"
conf.write_text("import sys\n\nsys.path.insert(0, 'book/_ext')\n" + text, encoding="utf-8")
PYTHON

venv=_build/plain_sphinx_venv
[ -d "$venv" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --upgrade "sphinx>=9" myst-nb myst-parser "sphinx-book-theme>=1.1.4,<1.2" \
    sphinx-exercise sphinx-design sphinx-togglebutton sphinx-copybutton sphinx-comments sphinx-multitoc-numbering \
    sphinxcontrib-bibtex sphinx-external-toc latex2mathml
# The pages of the API are made from docstrings: the package and what it imports are found behind Sphinx's own packages.
.venv/bin/python -c 'import site; print(site.getsitepackages()[0])' > "$(echo "$venv"/lib/python*/site-packages)/course.pth"
pwd >> "$(echo "$venv"/lib/python*/site-packages)/course.pth"
root=$PWD
(cd "$stage" && "$root/$venv/bin/python" -m sphinx -W -n --keep-going -q -b html . "$root/_build/plain_sphinx_html")
echo "built $(find _build/plain_sphinx_html -name '*.html' | wc -l) pages with $("$venv/bin/python" -m sphinx --version)"
