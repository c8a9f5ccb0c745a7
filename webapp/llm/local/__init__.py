"""A small chat completions server over transformers, for machines without vLLM."""
