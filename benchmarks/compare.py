"""Time layerwise beside its peers on the same work, in one run, and print the ratios.

    python benchmarks/compare.py [--configs A,C,E] [--peers numpy] [--rounds 5]

Each round runs every peer once, one after the other, so that a machine that slows down slows all of them; of each
the fastest round counts. OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are taken out of the peers' environment: they
force an older kernel than NumPy would choose.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).with_name("peers.py")


def measure(config, peer, epochs):
    environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    command = [sys.executable, str(PEERS), config, peer, "--epochs", str(epochs)]
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", default="A,C,E")
    parser.add_argument("--peers", default="numpy")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=2)
    args = parser.parse_args()
    print(f"{'work':6}{'peer':12}{'us a step: fastest':>20}{'slowest':>10}{'accuracy':>10}{'layerwise / peer':>18}")
    for config in args.configs.split(","):
        runs = {peer: [] for peer in ["layerwise", *args.peers.split(",")]}
        for _ in range(args.rounds):
            for peer, results in runs.items():
                results.append(measure(config, peer, args.epochs))
        best = {peer: min(r["us_per_step"] for r in results) for peer, results in runs.items()}
        for peer, results in runs.items():
            slowest = max(r["us_per_step"] for r in results)
            ratio = best["layerwise"] / best[peer]
            print(f"{config:6}{peer:12}{best[peer]:20.1f}{slowest:10.1f}{results[-1]['accuracy']:10.4f}{ratio:18.3f}")


if __name__ == "__main__":
    main()
