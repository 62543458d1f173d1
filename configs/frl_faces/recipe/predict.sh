#!/usr/bin/env bash
# Moved; this path stays for one release.
moved=projects/frl_study/configs/recipe/predict.sh
echo "This script is now $moved." >&2
exec bash "$moved" "$@"
