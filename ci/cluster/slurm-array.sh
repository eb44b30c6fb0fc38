#!/bin/bash
# Bound small of 2.6.11 as 1,000 jobs of one core; docs/cluster.md. Another
# number of shards is --array and the /1000 below.
#   sbatch ci/cluster/slurm-array.sh                 where vmtrunc is in PATH
#   vmtrunc prove --join answers                     what it comes to so far
#   sbatch --array=RANGES ci/cluster/slurm-array.sh  those that --join names
#SBATCH --job-name=vmtrunc-prove
#SBATCH --array=0-999
#SBATCH --cpus-per-task=1
#SBATCH --mem=6G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
# exec: B: signals this shell, and vmtrunc is to have it.
exec vmtrunc prove --bound small --kernel 2.6.11 \
  --property no-page-past-size --jobs 1 --memory 3 \
  --shard "$SLURM_ARRAY_TASK_ID/1000" \
  --answers answers \
  --checkpoint "answers/checkpoint-$SLURM_ARRAY_TASK_ID"
