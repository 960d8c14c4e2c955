"""`unet-course train` on five public folders of different kinds, one command each: `python benchmarks/own_folders.py`.

Each folder lies as its authors left it, or with its two folders or the ends of its names changed to what the command
reads (`SETS` says which): vessels of the retina, membranes under the electron microscope, hippocampi as NIfTI volumes,
nanoparticles as COCO polygons, breast ultrasound. Nothing is chosen but what must be said: who belongs together, and
that all classes are foreground. Training ends after so many minutes. Writes `benchmarks/records/own_folders.json`,
folder by folder; a run that was killed goes on with `--resume` of the command.

    python benchmarks/own_folders.py --root DIR --out DIR --minutes 10
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from unet_course import torch as uc
from unet_course.own import training

RECORD = Path(__file__).parent / "records" / "own_folders.json"
SETS = {
    "chase_db1": {
        "what": "vessels of the retina, x.jpg + x_mask.png",
        "source": "CHASE_DB1 (Fraz et al. 2012), CC BY 4.0, copy mipple1986/data; masks of the first observer, renamed",
        "options": {"group": r"Image_(\d+)[LR]"},
    },
    "em_membranes": {
        "what": "cells between membranes, electron microscope, images/ + masks/",
        "source": "ISBI 2012 (Cardona et al. 2010), non-commercial, copy zhixuhao/unet; folders renamed",
        "options": {},
    },
    "hippocampus": {
        "what": "hippocampus, NIfTI volumes, imagesTr/ + labelsTr/",
        "source": "Medical Decathlon, Task04, CC BY-SA 4.0, copy udacity/nd320-c3-3d-imaging-starter",
        "options": {"merge": True},
    },
    "nanoshapes": {
        "what": "nanoparticles, electron microscope, COCO polygons",
        "source": "CS-433/ml-project-2-andersmaxjohannes, CC BY 4.0, as exported",
        "options": {"merge": True},
    },
    "busi": {
        "what": "breast ultrasound, x.png + x_mask.png",
        "source": "BUSI (Al-Dhabyani et al. 2020), research, copy yirutsai/Breast-ultrasound-dataset; one folder",
        "options": {"group": "^(.*)$"},
    },
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="folder that holds the five")
    parser.add_argument("--out", type=Path, required=True, help="models, reports and demos go here")
    parser.add_argument("--minutes", type=float, default=10, help="of training, for each")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    options = parser.parse_args()
    for name in options.sets:
        record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
        record[name] = run(name, options)
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def run(name, options):
    about, out = SETS[name], options.out / name
    began = time.perf_counter()
    found = training.train(
        options.root / name,
        out,
        framework="torch",
        minutes=options.minutes,
        resume=(out / training.RUN).exists(),
        **about["options"],
    )
    minutes = (time.perf_counter() - began) / 60
    print(f"{name}: {minutes:.1f} minutes in all", found["table"].round(3), sep="\n", flush=True)
    card = json.loads((out / training.CARD).read_text(encoding="utf-8"))
    return {
        **about,
        "minutes_of_training": options.minutes,
        "minutes": round(minutes, 1),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        **uc.describe_device(),
        "data": card["data"],
        "network": card["network"],
        "baseline": found["baseline"],
        "threshold": found["threshold"],
        "test_images": len(found["lines"]),
        "test_groups": int(found["lines"]["group"].nunique()),
        "table": found["table"].round(4).to_dict("index"),
    }


if __name__ == "__main__":
    main()
