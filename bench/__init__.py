"""The benchmark: `nox -s bench`. It measures lyftr on this machine and writes `bench/results/`."""
