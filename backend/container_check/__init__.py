"""The Dev Container's images, tried without a container engine: what `make check-container` runs."""
