#!/usr/bin/env bash
# What regularising costs on a GPU, meant to take less than 8 minutes:
#   bash projects/benchmark/gpu.sh [FOLDER]
# Steps of CTD-ED, of it at every fourth step, and of FT with three teachers in
# float32 and bfloat16; memory; a whole training of each with VGGFace2's
# network. What it prints is in FOLDER/gpu.txt, raw times in FOLDER/*.json.
# Weights that are not there give way to random ones, as time does not depend
# on values. BATCH, SIZE, ROUNDS and STEPS make a small try on a CPU.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath -m "${1:-work_dirs/gpu}")
mkdir -p "$out"
python=${PYTHON:-python}
size="--batch-size ${BATCH:-32} --input-size ${SIZE:-256}"
rounds="--rounds ${ROUNDS:-21}"

{
    for teacher in resnet50 sface v2; do
        case $teacher in
        resnet50) folder=$PWD/configs ;;
        *) folder=$PWD/configs/frl_faces ;;
        esac
        for dtype in float32 bfloat16; do
            for system in ft_$teacher ctd_ed_$teacher ctd_ed_${teacher}_lazy; do
                printf '_base_ = "%s"\noptim_wrapper = dict(dtype="%s")\n' \
                    "$folder/$system.py" $dtype >"$out/${system}_$dtype.py"
            done
            echo "== $teacher, $dtype"
            # shellcheck disable=SC2086
            for ours in ctd_ed_$teacher ctd_ed_${teacher}_lazy; do
                $python projects/benchmark/benchmark.py --only steps memory \
                    --systems ctd ft --pair "$out/${ours}_$dtype.py" \
                    "$out/ft_${teacher}_$dtype.py" $size $rounds \
                    --json "$out/${ours}_$dtype.json"
            done
        done
    done
    for system in ft ctd_ed; do
        echo "== a training of $system, ResNet-50, synthetic faces"
        begin=$SECONDS
        $python tools/train.py configs/${system}_resnet50.py --stand-in \
            --work-dir "$out/$system" --no-validate \
            --cfg-options train_cfg.max_iters="${STEPS:-500}" |
            tail -n 2
        echo "$((SECONDS - begin)) s with its start"
    done
} 2>&1 | tee "$out/gpu.txt"
