"""How tests and measurements start Chromium: it asks nothing of the network of its own accord."""

from __future__ import annotations

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
