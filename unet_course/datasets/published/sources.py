"""Where the real data sets come from, under which terms, and how to know that they are whole."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """One real data set.

    Attributes
    ----------
    title, licence, cite : str
        Printed when the set is fetched, and kept beside it.
    limit : float
        Largest unpacked size, GB.
    folders : tuple of str
        What lies below the set's own folder.
    marker : str
        Pattern of a file below each of `folders`: how they are found in an archive that wraps or renames them.
    counts : dict of str to str
        What is counted: a name and a pattern of paths.
    releases : dict of tuple of int to str
        Counts of the releases that are known. No checksums are published; `manifest` has those we measured.
    files : dict of str to str
        What is in a manifest: a pattern of paths, and how such a file is read: "RGB" or "L" (images in colour or
        grey), or "table". The first pattern that fits counts. Empty where no manifest can be made.
    mirror : tuple of str
        Addresses that need no account; empty where there is none.
    kaggle : str
        "owner/name" of a Kaggle data set, or "competition/name"; empty where there is none.
    figures : str
        What a figure that shows these images says: whose they are, under which licence. Empty where they may not be
        passed on, not even as figures.
    """

    title: str
    licence: str
    cite: str
    limit: float
    folders: tuple
    marker: str
    counts: dict
    releases: dict
    files: dict = field(default_factory=dict)
    mirror: tuple = ()
    kaggle: str = ""
    figures: str = ""


SOURCES = {
    "nuclei": Source(
        title="2018 Data Science Bowl, stage 1 training set (BBBC038v1)",
        licence="CC0 1.0",
        cite="Caicedo et al. (2019), Nature Methods 16; image set BBBC038v1, Broad Bioimage Benchmark Collection",
        kaggle="competition/data-science-bowl-2018",
        figures="image set BBBC038v1, CC0 1.0",
        mirror=("https://data.broadinstitute.org/bbbc/BBBC038/stage1_train.zip",),
        limit=2,
        folders=("stage1_train",),
        marker="*/images/*.png",
        counts={"images": "stage1_train/*/images/*.png", "masks": "stage1_train/*/masks/*.png"},
        releases={(670, 29_461): "the published release", (664, 28_986): "the mended release"},
        files={"stage1_train/*/images/*.png": "RGB", "stage1_train/*/masks/*.png": "L"},
    ),
    "lgg": Source(
        title="LGG MRI segmentation (TCGA lower-grade gliomas)",
        licence="CC BY-NC-SA 4.0: no commercial use, share alike",
        cite="Buda, Saha, Mazurowski (2019), Comput Biol Med 109; Mazurowski et al. (2017), J Neuro-Oncology",
        kaggle="mateuszbuda/lgg-mri-segmentation",
        figures="TCGA-LGG as prepared by Buda et al. (2019), CC BY-NC-SA 4.0",
        # A copy by somebody else: what comes from there is compared with the manifest like everything.
        mirror=(
            "https://huggingface.co/datasets/gymprathap/Brain-MRI-LGG-Segmentation/resolve/main/"
            "Brain-MRI-LGG-Segmentation.zip",
        ),
        limit=5,
        folders=("kaggle_3m",),
        marker="TCGA_*/*_mask.tif",
        counts={"patients": "kaggle_3m/TCGA_*/", "slices": "kaggle_3m/TCGA_*/*_mask.tif"},
        releases={(110, 3929): "the whole set"},
        files={
            "kaggle_3m/TCGA_*/*_mask.tif": "L",
            "kaggle_3m/TCGA_*/*.tif": "RGB",
            "kaggle_3m/data.csv": "table",
        },
    ),
    "brain_tumor": Source(
        title="Brain tumor classification (MRI)",
        licence="MIT, as the author's copy on Hugging Face says",
        cite="Bhuvaji et al. (2020), Brain Tumor Classification (MRI), Kaggle; Cheng (2017), figshare 1512427",
        kaggle="sartajbhuvaji/brain-tumor-classification-mri",
        figures="Bhuvaji et al. (2020), MIT, after Cheng (2017), CC BY 4.0",
        mirror=(
            "https://huggingface.co/datasets/sartajbhuvaji/Brain-Tumor-Classification/resolve/main/Training.zip",
            "https://huggingface.co/datasets/sartajbhuvaji/Brain-Tumor-Classification/resolve/main/Testing.zip",
        ),
        limit=1,
        folders=("Training", "Testing"),
        marker="*_tumor/*.jpg",
        counts={"training images": "Training/*/*.jpg", "test images": "Testing/*/*.jpg"},
        releases={(2870, 394): "the whole set"},
        files={"Training/*/*.jpg": "RGB", "Testing/*/*.jpg": "RGB"},
    ),
    "brats": Source(
        title="BraTS 2020 training set",
        licence="terms of the BraTS organisers: research and education, with citation; do not redistribute",
        cite="Menze et al. (2015), IEEE TMI 34; Bakas et al. (2017), Sci Data 4; Bakas et al. (2018), arXiv:1811.02629",
        kaggle="awsaf49/brats20-dataset-training-validation",
        limit=45,
        folders=("MICCAI_BraTS2020_TrainingData",),
        marker="BraTS20_Training_*/*_flair.nii*",
        counts={"cases": "MICCAI_BraTS2020_TrainingData/BraTS20_Training_*/"},
        releases={(369,): "the whole training set"},
    ),
}


# The cases of case study 2 that need no account; they lie where BraTS 2020 would.
DECATHLON = Source(
    title="Medical Segmentation Decathlon, Task01 (brain tumours: cases of BraTS 2016 and 2017)",
    licence="CC BY-SA 4.0: share alike",
    cite="Antonelli et al. (2022), Nature Communications 13; Menze et al. (2015), IEEE TMI 34",
    mirror=("https://msd-for-monai.s3-us-west-2.amazonaws.com/Task01_BrainTumour.tar",),
    limit=10,
    folders=("Task01_BrainTumour",),
    marker="imagesTr/BRATS_*.nii*",
    counts={"cases": "Task01_BrainTumour/imagesTr/BRATS_*.nii*"},
    releases={(484,): "the Decathlon's training set"},
)


def source_at(key, root):
    """The source of what lies at `root`: for "brats" there are two."""
    other = key == "brats" and any(Path(root).glob(f"{DECATHLON.folders[0]}/{DECATHLON.marker}"))
    return DECATHLON if other else SOURCES[key]


def fetch_again(key):
    """What helps when files of a set are missing or damaged: a set is fetched whole, into a place that is free."""
    verify = f"`unet-course data verify {key}` names every bad file"
    other = " (BraTS 2020: with `--source kaggle`)" if key == "brats" else ""
    return f"{verify}; move the folder away, then `unet-course data {key}`{other} fetches the set again."
