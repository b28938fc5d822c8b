"""Programs around the library: the command, benchmarks, recipes, reports."""
