"""Measurements: big inventories and how long lanward takes over them; figures in docs/benchmarks.md."""
