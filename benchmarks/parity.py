"""How far the twins part, network by network, and the published parameter counts: `python benchmarks/parity.py`.

What the tests in `tests/parity/test_models.py` bound, written down for the book.
"""

import importlib.metadata

from unet_course import parity, results


def main():
    tables = parity.tables()
    print(f"{'network':<42} {'parameters':>10} {'logits':>8} {'in float64':>10} {'1 - cosine':>10}")
    for row in tables["variants"]:
        differences = (row["logit_difference"], row["exact_logit_difference"], 1 - row["gradient_cosine"])
        print(f"{row['variant']:<42} {row['parameters']['keras']:>10,}", *(f"{value:>9.0e}" for value in differences))
    for row in tables["published"]:
        same = row["keras"] == row["torch"] == row["parameters"]
        print(f"{row['builder']:<20} {row['parameters']:>12,} {'as' if same else 'NOT AS'} {row['source']}")
    tables["versions"] = {name: importlib.metadata.version(name) for name in ("keras", "tensorflow", "torch")}
    results.write_benchmark("parity", tables)


if __name__ == "__main__":
    main()
