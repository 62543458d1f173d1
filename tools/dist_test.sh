#!/usr/bin/env bash
# Tests a checkpoint in several processes: one a GPU or, without GPUs, on CPUs.
#
#   tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [arguments of tools/test.py]
#
# Several machines: run it on each, with NNODES, NODE_RANK (0, 1, ...),
# MASTER_ADDR (of node 0) and PORT in the environment.
set -euo pipefail

USAGE="usage: $0 CONFIG CHECKPOINT PROCESSES [arguments of tools/test.py]"
CONFIG=${1:?$USAGE}
CHECKPOINT=${2:?$USAGE}
GPUS=${3:?$USAGE}

exec "$(dirname "$0")/torchrun.sh" test.py "$GPUS" "$CONFIG" "$CHECKPOINT" \
    --launcher pytorch "${@:4}"
