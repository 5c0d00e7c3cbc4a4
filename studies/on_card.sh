#!/usr/bin/env bash
# All of this folder on a machine with a card, in an unpacked bundle: studies/on_card.sh OUT SECONDS [GOALS' ARGUMENTS …]
#
# The goals take the card and as many cores as they have processes, the studies the other cores. Both end by themselves.
# Fashion-MNIST is looked for in $PELLUCID_DATA, as everywhere; without it its goals are left out and said. 345 seconds were meant:
#   PELLUCID_DATA=/data studies/on_card.sh OUT 345 --backend cupy/tf32 --keep mnist_cnn vae_dynamic
# What comes back goes to studies/goals/results (results.jsonl, votes.json), then: python -m studies.goals.page
#
# OUT: results.jsonl, votes.json, plan.json and models of the goals; studies.tar.gz with results.json of each study.
set -uo pipefail
out=$1 seconds=$2
shift 2
SECONDS=0
cd "$(dirname "$0")/.."
python=benchmarks/gpu/python.sh
processes=4
workers=$((($(nproc) - processes) / 2))
"$python" -c "import pellucid"  # makes the environment, once
mkdir -p "$out" runs/card/results
number=0
for group in "normalisation weight_decay dropout penalties" "summed_gradients schedules random_search initialisers optimizers"; do
    number=$((number + 1))
    # shellcheck disable=SC2086
    timeout --kill-after=5 $((seconds - SECONDS - 20)) "$python" -m studies $group --results-only --workers "$((workers > 0 ? workers : 1))" \
        --out runs/card/runs --into runs/card/results > "runs/card/results/log-$number.txt" 2>&1 &
done
"$python" -m studies.goals "$out" --processes "$processes" --seconds "$((seconds - SECONDS))" "$@"
wait
tar czf "$out/studies.tar.gz" -C runs/card results
