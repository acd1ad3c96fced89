"""What `scripts/benchmark` runs: one module a section, each with measure, tables, verdicts and plots."""
