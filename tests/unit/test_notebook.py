"""The switch of the exported notebooks: what a profile sets, fetches and says."""

import builtins

import pytest

from unet_course import datasets, doctor, notebook, paths, phantoms, results
from unet_course.datasets.published import download
from unet_course.publishing import chapters, colab, execution

RUNS = [(chapter, framework) for chapter in chapters.listed() for framework in chapters.frameworks(chapter)]
CHOICES = [run for run in RUNS if "data" in chapters.defaults(run[0])]


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """An installed package with an empty data folder, no network, and phantoms that are drawn in no time."""
    asked = {"fetched": [], "drawn": []}

    def fetched(key):
        asked["fetched"].append(key)
        (tmp_path / "data" / key).mkdir(parents=True)

    monkeypatch.setenv("UNET_COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(download, "download", fetched)
    monkeypatch.setattr(datasets, "locate", lambda key, source: _existing(tmp_path / "data" / key))
    monkeypatch.setattr(phantoms, "write_all", lambda root, keys: asked["drawn"].extend(keys))
    return asked


def _existing(folder):
    if not folder.exists():
        raise FileNotFoundError(folder)
    return folder


def values_in_force(chapter, framework, profile):
    """What the exported parameters cell leaves behind after the switch was set to a profile."""
    own = chapters.parameters_cell(chapter, chapters.read(chapter)).source
    names = {"chosen": notebook.begin(chapter.name, profile=profile, framework=framework)}
    exec(execution.with_values(own, {"framework": framework}) + colab._VALUES, names)
    return {name: names[name] for name in chapters.defaults(chapter)}


@pytest.mark.parametrize("profile", ["smoke", "laptop", "full"])
def test_the_switch_sets_the_values_of_the_command_line(elsewhere, monkeypatch, profile):
    monkeypatch.setattr(doctor, "forecast", lambda *_: [])
    assert len(CHOICES) > 25
    for chapter, framework in CHOICES:
        commanded = chapters.defaults(chapter) | chapters.parameters(chapter, profile, framework)
        wanted = None if framework == chapters.ONCE else framework
        assert values_in_force(chapter, wanted, profile) == commanded, chapter.name


def test_a_profile_may_keep_lines_for_one_framework(tmp_path, monkeypatch):
    (tmp_path / "laptop.yaml").write_text("a:\n  epochs: 9\n  seeds: 3\n  keras:\n    seeds: 1\n", encoding="utf-8")
    monkeypatch.setattr(paths, "profiles_root", lambda: tmp_path)
    assert notebook.values("a", "laptop", "keras") == {"epochs": 9, "seeds": 1}
    assert notebook.values("a", "laptop", "torch") == notebook.values("a", "laptop") == {"epochs": 9, "seeds": 3}


def test_a_practice_run_draws_only_what_the_chapter_reads(elsewhere, capsys):
    notebook.begin("case_studies/03_nuclei", sets=["nuclei"])
    assert elsewhere == {"fetched": [], "drawn": ["nuclei"]}
    assert "not a result" in capsys.readouterr().out


def test_a_real_run_fetches_every_set_first_and_says_how_long_it_takes(elsewhere, capsys):
    record = results.read("04_lgg_encoders", "laptop", "torch")
    for _ in range(2):
        notebook.begin("case_studies/04_lgg_encoders", sets=["lgg", "brain_tumor"], profile="laptop", framework="torch")
    assert elsewhere == {"fetched": ["lgg", "brain_tumor"], "drawn": []}
    assert f"{record['minutes']:.0f} minutes when it was recorded" in capsys.readouterr().out


def test_a_set_that_cannot_be_had_stops_a_run_that_needs_it(elsewhere, monkeypatch, capsys):
    def fail(key):
        raise OSError("no network")

    monkeypatch.setattr(download, "download", fail)
    with pytest.raises(FileNotFoundError, match='the real set lgg.*no network.*choose the profile "smoke"'):
        notebook.begin("case_studies/04_lgg_encoders", sets=["lgg"], profile="full")
    notebook.begin("case_studies/04_lgg_encoders", sets=["lgg"], profile="laptop")  # real where present
    assert elsewhere["drawn"] == ["lgg"]
    assert "lgg: synthetic images" in capsys.readouterr().out


def test_everything_goes_to_the_chosen_folder(elsewhere, tmp_path):
    notebook.begin("case_studies/03_nuclei", data_folder=tmp_path / "drive" / "course")
    assert paths.data_root() == tmp_path / "drive" / "course"
    assert paths.data_root().is_dir()


def test_an_unknown_profile_is_named(elsewhere):
    with pytest.raises(ValueError, match="profile 'fast' is not known: use one of full, laptop, smoke"):
        notebook.begin("case_studies/03_nuclei", profile="fast")


def test_a_run_of_an_installed_package_leaves_the_package_as_it_is(elsewhere, monkeypatch, tmp_path):
    shipped = paths.results_root()
    monkeypatch.setattr(paths, "repo_root", lambda: None)
    assert paths.own_results_root() == tmp_path / "data" / "results" != shipped


def test_the_cell_names_what_the_chapter_reads():
    unnamed = []
    for chapter, framework in CHOICES:
        cell = colab.choice(chapter, framework)
        builtins.compile(cell, chapter.name, "exec")  # names the chapter where it is no Python
        unnamed += [(chapter.name, framework, key) for key in chapters.data_sets(chapter) if f'"{key}"' not in cell]
    assert CHOICES and unnamed == []


def test_a_chapter_that_speaks_to_tensorflow_refuses_another_backend(elsewhere, monkeypatch):
    keras = pytest.importorskip("keras")
    loss = chapters.chapter("losses_and_metrics")
    assert 'backend="tensorflow"' in colab.choice(loss, "keras") and "backend" not in colab.choice(loss, "torch")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="Keras runs on jax here.*KERAS_BACKEND"):
        notebook.begin(loss.name, framework="keras", backend="tensorflow")
