"""What two machines may print differently: numbers of a training, and nothing else."""

import nbformat
import pytest

from unet_course.publishing import chapters, outputs

TABLE = """\
            loss  dice
batch norm  0.31  0.82
none        0.52  0.44
best epoch: 15, 22 % of 1,973 images"""


def cells(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def trained(*sources):
    return outputs.training_cells(cells(*sources))


def moved(text, old, new):
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(("old", "new"), [("0.31", "0.33"), ("15", "16"), ("22 %", "23 %"), ("1,973", "1,974")])
def test_another_number_in_a_cell_that_trains_nothing_is_seen(old, new):
    assert (
        outputs.disagreement(TABLE, moved(TABLE, old, new), trained=False)
        == f"{old.split()[0]} became {new.split()[0]}"
    )


def test_a_last_digit_may_be_rounded_otherwise():
    assert outputs.disagreement(TABLE, moved(TABLE, "0.31", "0.32"), trained=False) is None
    assert outputs.disagreement("gap 3.1e-07", "gap 3.2e-07", trained=False) is None
    assert outputs.disagreement("gap 3.1e-07", "gap 3.1e-06", trained=False)
    assert outputs.disagreement("1.8e+308", "1.8e+308", trained=False) is None  # infinite as a float


@pytest.mark.parametrize(
    ("old", "new"),
    [("0.31", "0.155"), ("0.82", "0.41"), ("15", "8"), ("22", "11"), ("0.31", "0.46"), ("0.31", "-0.2")],
)
def test_a_number_of_a_training_may_be_any(old, new):
    assert outputs.disagreement(TABLE, moved(TABLE, old, new), trained=True) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("batch norm", "dropout"),  # another word
        ("  dice", ""),  # a column less in the head
        ("  0.44", ""),  # a number less
        ("none        0.52  0.44\n", ""),  # a line less
        ("best epoch: 15", "best epoch: 15 16"),
        ("0.82", "nan"),
    ],
)
def test_words_and_shape_of_a_training_cell_are_compared(old, new):
    assert outputs.disagreement(TABLE, moved(TABLE, old, new), trained=True)
    assert outputs.disagreement(moved(TABLE, old, new), TABLE, trained=True)


def test_a_verdict_of_a_training_may_be_any_and_that_of_a_record_may_not():
    before, now = "attention +0.04 undecided", "attention -0.20 not learned"
    assert outputs.disagreement(before, now, trained=True) is None
    assert outputs.disagreement(before, now.replace("-0.20", "+0.04"), trained=False)
    assert outputs.disagreement(before, "attention -0.20 not understood", trained=True)


def test_what_uses_a_training_depends_on_it():
    found = trained(
        "model = uc.unet()\nprint(uc.count_parameters(model))",
        "history = uc.fit(model, train)",
        "print(history)",
        "print(uc.predict(model, images))",
        "print(len(images))",
    )
    assert found == {1, 2, 3}


def test_a_function_depends_on_what_it_reads_when_it_is_called():
    found = trained(
        "def show():\n    print(history)",
        "def train(seed):\n    history = 0\n    return uc.fit(uc.unet(), seed=seed)",
        "histories = {seed: train(seed) for seed in range(2)}",
        "history = None\nshow()",
        "history = histories[0]\nshow()",
        "plan = partial(train, seed=1)",
        "runs = studies.sweep(plan, {})",
        "print(runs.loss)",
    )
    assert found == {2, 4, 5, 6, 7}


def test_training_cells_are_found_through_loops_lists_and_parameters():
    found = trained(
        "def teach(network, n):\n    network.fit(images, masks)",
        "models = {name: build(name) for name in names}\nprint(len(models))",
        "for name, model in models.items():\n    teach(model, 3)",
        "scores = []\nprint(names)",
        "for name in names:\n    scores.append(score(models[name]))",
        "for name, n in counts.items():\n    print(name, n)",
        "if max(scores) > 0.5:\n    best = 1",
        "print(best)",
    )
    assert found == {2, 4, 6, 7}


@pytest.mark.parametrize(
    "source",
    [
        "loss.backward()",
        "optimizer.step()",
        "with tf.GradientTape() as tape:\n    y = f(x)",
        "model.train_on_batch(x, y)",
        "search = uc.find_learning_rate(model, data)",
        "fit = partial(uc.fit, epochs=3)",
    ],
)
def test_every_way_to_train_counts(source):
    assert trained(source) == {0}


def test_neighbours_and_a_new_start_are_no_training():
    found = trained(
        "from sklearn.neighbors import KNeighborsClassifier\nfrom unet_course import torch as uc",
        "print(KNeighborsClassifier(1).fit(x, y).score(x, y))",
        "model = uc.fit(model, data)",
        "model = uc.unet()",
        "print(uc.count_parameters(model))",
    )
    assert found == {2}


def test_both_kinds_are_in_every_case_study():
    """If a chapter's trainings were not seen, its numbers would be compared on other processors and part."""
    for chapter in chapters.listed():
        if chapter.name.startswith("case_studies/0"):
            notebook = chapters.read(chapter)
            found = outputs.training_cells(notebook)
            code = [cell for cell in notebook.cells if cell.cell_type == "code"]
            assert 5 < len(found) < len(code) - 10, chapter.name
