#!/usr/bin/env bash
# What dist_train.sh and dist_test.sh share: starts a tool in several processes.
#
#   tools/torchrun.sh TOOL PROCESSES [arguments of the tool]
set -euo pipefail

TOOLS=$(cd "$(dirname "$0")" && pwd)

# torchrun, by the name that needs no PATH but python's.
PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}" \
exec python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --nproc_per_node="$2" \
    --master_port="${PORT:-29500}" \
    "$TOOLS/$1" "${@:3}"
