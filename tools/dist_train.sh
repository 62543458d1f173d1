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
NNODES=${NNODES:-1}
NODE_RANK=${NODE_RANK:-0}
PORT=${PORT:-29500}
MASTER_ADDR=${MASTER_ADDR:-127.0.0.1}
TOOLS=$(cd "$(dirname "$0")" && pwd)

# torchrun, by the name that needs no PATH but python's.
PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}" \
exec python -m torch.distributed.run \
    --nnodes="$NNODES" \
    --node_rank="$NODE_RANK" \
    --master_addr="$MASTER_ADDR" \
    --nproc_per_node="$GPUS" \
    --master_port="$PORT" \
    "$TOOLS/train.py" \
    "$CONFIG" \
    --launcher pytorch "${@:3}"
