"""What the program keeps: immutable imports as GeoParquet, and the ledger of what happened."""
