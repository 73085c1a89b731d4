"""The feature store: Parquet for tables, HDF5 for arrays, one manifest as commit point."""
