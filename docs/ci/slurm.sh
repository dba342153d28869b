#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A job array, a shard per task; submit it where the scenarios are:
#
#   id=$(sbatch --parsable docs/ci/slurm.sh)
#   sbatch --dependency=afterany:$id --wrap 'driftcage merge drift-records/*/run'
#
# The records lie in ./drift-records, on a file system that all nodes share.
#SBATCH --job-name=driftcage
#SBATCH --array=1-4
#SBATCH --cpus-per-task=1
#SBATCH --output=drift-%a.log
set -eu
records=${RECORDS:-drift-records}/$SLURM_ARRAY_TASK_ID
mkdir -p "$records"
# SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT are the shard.
exec "${DRIFTCAGE:-driftcage}" run --shard auto --keep fail --record "$records/run" --report "junit=$records/junit.xml"
