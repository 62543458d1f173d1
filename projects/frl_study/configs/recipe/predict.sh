#!/usr/bin/env bash
# The recommended recipe (../README.md) from training to predictions: trains with
# the subjects of TRAIN and writes what is found on those of TEST, landmarks to
# OUT/points.json and errors to OUT/errors.json. Needs its start (../../recipe.md),
# and the data where the configs look for them. PYTHON names another Python.
usage='usage: bash projects/frl_study/configs/recipe/predict.sh TRAIN TEST SEED OUT'
set -euo pipefail
train=${1:?$usage} test=${2:?$usage} seed=${3:?$usage} out=${4:?$usage}
framing='framing.face_side=1.1 framing.input_size=192'
config=projects/frl_study/configs/recipe/mesh_start.py
python=${PYTHON:-python}
$python tools/train.py $config --no-validate --work-dir "$out" \
    --cfg-options $framing randomness.seed="$seed" \
    train_dataloader.dataset.split="$train" train_dataloader.batch_size=4 \
    train_dataloader.num_workers=0 train_dataloader.persistent_workers=False \
    optim_wrapper.optimizer.lr=2.5e-4 train_cfg.max_iters=800 \
    param_scheduler.0.end=800 default_hooks.checkpoint.interval=800
$python tools/test.py $config "$out/iter_800.pth" --work-dir "$out" \
    --keypoints "$out/points.json" --out "$out/errors.json" \
    --cfg-options $framing \
    test_dataloader.dataset.split="$test" test_dataloader.num_workers=0 \
    test_dataloader.persistent_workers=False test_evaluator.unit=image \
    test_evaluator.failure_thresholds='[]' model.test_cfg.flip_test=True
