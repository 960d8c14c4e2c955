"""The README's table of results is that of the records."""

from unet_course import paths, results
from unet_course.publishing import readme


def test_the_table_is_that_of_the_records():
    text = (paths.repo_root() / "README.md").read_text(encoding="utf-8")
    assert readme.filled(text) == text, "write it anew: python -m unet_course.publishing.readme"


def test_a_number_of_another_record_changes_the_table(monkeypatch):
    before, read = readme.table(), results.read

    def worse(*names, **options):
        record = read(*names, **options)
        if record and names[0] == "03_nuclei":
            record["metrics"]["dice"] = 0.123
        return record

    monkeypatch.setattr(results, "read", worse)
    changed = set(readme.table().splitlines()) - set(before.splitlines())
    assert len(changed) == 1 and "Dice 0.12 / 0.12" in changed.pop()


def test_the_record_of_full_comes_before_that_of_laptop(tmp_path):
    assert results.best("a", "torch", folder=tmp_path) is None
    for profile in ("laptop", "full"):
        (tmp_path / f"a_{profile}_torch.json").write_text(f'{{"profile": "{profile}"}}', encoding="utf-8")
        assert results.best("a", "torch", folder=tmp_path) == {"profile": profile}
    assert results.best("a", "keras", folder=tmp_path) is None
