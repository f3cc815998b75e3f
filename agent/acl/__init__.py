"""ACLs without I/O: what a port may pass, each family's semantics, its text, and the proof (z3 in `proof` alone)."""
