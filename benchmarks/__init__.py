"""Side-by-side measurements; ``python -m benchmarks SRC`` writes docs/benchmarks.md."""
