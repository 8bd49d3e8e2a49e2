"""An invented county: its land, its papers, and the ways in which papers go wrong."""
