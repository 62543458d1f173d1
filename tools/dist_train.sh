#!/usr/bin/env bash
# Trains in several processes: one a GPU or, without GPUs, on CPUs.
#
#   tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]
#
# Several machines: run it on each, with NNODES, NODE_RANK (0, 1, ...),
# MASTER_ADDR (of node 0) and PORT in the environment.
set -euo pipefail

USAGE="usage: $0 CONFIG PROCESSES [arguments of tools/train.py]"
CONFIG=${1:?$USAGE}
GPUS=${2:?$USAGE}

exec "$(dirname "$0")/torchrun.sh" train.py "$GPUS" "$CONFIG" \
    --launcher pytorch "${@:3}"
