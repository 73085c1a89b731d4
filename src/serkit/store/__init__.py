"""The feature store: Parquet for what people query, HDF5 for arrays, one manifest to commit."""
