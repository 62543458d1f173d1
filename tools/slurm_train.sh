#!/usr/bin/env bash
# Trains in several processes that Slurm starts.
#
#   tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [arguments of
#       tools/train.py]
#
# In the environment: GPUS (processes in all, 8), GPUS_PER_NODE (8),
# CPUS_PER_TASK (5) and SRUN_ARGS. With GPUS_PER_NODE=0 the GPUS processes
# train on CPUs. They meet at MASTER_ADDR (the job's first node) and PORT
# (29500).
set -euo pipefail

USAGE="usage: $0 PARTITION JOB_NAME CONFIG WORK_DIR [arguments]"
PARTITION=${1:?$USAGE}
JOB_NAME=${2:?$USAGE}
CONFIG=${3:?$USAGE}
WORK_DIR=${4:?$USAGE}
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
CPUS_PER_TASK=${CPUS_PER_TASK:-5}
# Words, several of them.
read -r -a EXTRA <<< "${SRUN_ARGS:-}"
TOOLS=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}"

SRUN=(
    srun -p "$PARTITION"
    --job-name="$JOB_NAME"
    --ntasks="$GPUS"
    --cpus-per-task="$CPUS_PER_TASK"
    --kill-on-bad-exit=1
)
TRAIN=(
    python -u "$TOOLS/train.py" "$CONFIG"
    --work-dir="$WORK_DIR" "${@:5}"
)
export MASTER_PORT=${PORT:-29500}
if [ "$GPUS_PER_NODE" != 0 ]; then
    exec "${SRUN[@]}" \
        --gres="gpu:$GPUS_PER_NODE" --ntasks-per-node="$GPUS_PER_NODE" \
        ${EXTRA[@]+"${EXTRA[@]}"} "${TRAIN[@]}" --launcher=slurm
fi

# mmengine's Slurm launcher counts GPUs: on CPUs each task tells torch, as
# torchrun would, which process it is.
exec "${SRUN[@]}" ${EXTRA[@]+"${EXTRA[@]}"} bash -c '
    set -euo pipefail
    if [ -z "${MASTER_ADDR:-}" ]; then
        # Not through head: it may close the pipe before scontrol is done.
        HOSTS=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
        read -r MASTER_ADDR <<< "$HOSTS"
    fi
    export MASTER_ADDR
    export RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID
    export WORLD_SIZE=$SLURM_NTASKS
    exec "$@"
' train "${TRAIN[@]}" --launcher=pytorch
