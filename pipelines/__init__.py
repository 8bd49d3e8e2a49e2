"""All input and output: files, rasters, stores, documents and the command line."""
