"""The executors: each walks the plan, over arrays that the workspace owns."""
