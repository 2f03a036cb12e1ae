"""What is measured, always as a ratio of two ways within one run."""
