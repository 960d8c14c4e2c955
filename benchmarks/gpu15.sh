#!/usr/bin/env bash
# What a quarter of an hour on one GPU is for, most useful first: `benchmarks/gpu15.sh DATA OUT`. It needs PyTorch and what
# the package itself needs: no network, no TensorFlow, no notebooks. DATA holds lgg/ and nuclei/, as `unet-course data` puts
# them, or their cache/. Each step is cut after its seconds, 720 in all; run it again, and finished trainings are not made again.
# OUT gets a log of each step, records and studies: copy them to benchmarks/records and book/results/studies.
# `benchmarks/gpu15.sh --dry-run OUT` tries every step on any machine, with synthetic images and tiny settings.
set -uo pipefail
[ $# = 2 ] || { sed -n '2,7s/^# //p' "$0"; exit 2; }
cd "$(dirname "$0")/.."
out=$(mkdir -p "$2" && cd "$2" && pwd)
python=${PYTHON:-.venv/bin/python}
command -v "$python" >/dev/null || python=python3
export PYTHONPATH=$PWD OMP_WAIT_POLICY=passive
mkdir -p "$out/records"

slow=1
if [ "$1" = --dry-run ]; then
    slow=5  # a processor may take so many times as long
    source=phantom speed=(--pictures 8 --size 32 --width 8 --turns 1) augmentation=(--size 32 --batch 4 --base 8 --repeats 1)
    tv=(--pictures 2 --size 32 --turns 1) nuclei=(--every 12 --epochs 1 --filters 4 --seeds 0)
    rows=(--size 32 --filters 4 --epochs 1) ladder=(--size 32 --filters 4 --epochs 1 --every 4)
else
    export UNET_COURSE_DATA=$1
    source=real speed=(--pictures 1024 --size 256 --width 64) augmentation=() tv=() nuclei=(--seeds 0 1 2)
    rows=(--size 128 --filters 32) ladder=(--size 256)
fi

step() {
    local seconds=$(($1 * slow)) name=$2 started=$SECONDS
    shift 2
    timeout "$seconds" "$python" "$@" >"$out/$name.log" 2>&1
    echo "$name: status $? after $((SECONDS - started)) of $seconds seconds, $out/$name.log"
}

step 40 tests -m pytest -q tests/parity/test_augmentation.py tests/parity/test_denoising.py -k a_gpu_has
step 120 training benchmarks/training.py "${speed[@]}" --record "$out/records/training_gpu.json"
step 30 augmentation benchmarks/augmentation.py "${augmentation[@]}" --out "$out/records/augmentation_gpu.json"
step 30 tv benchmarks/tv.py "${tv[@]}" --record "$out/records/tv_gpu.json"
step 120 nuclei benchmarks/nuclei_native.py "${nuclei[@]}" --keep "$out/nuclei" --record "$out/records/nuclei_native.json"
step 240 rows benchmarks/lgg_rows.py "${rows[@]}" --tables 3 --keep "$out/rows" --folder "$out/studies/lgg_rows/torch"
step 140 ladder benchmarks/ladder.py "${ladder[@]}" --source "$source" --work g:0 --keep "$out/ladder" \
    --answers "$out/ladder_answers" --folder "$out/studies/ladder/torch"
