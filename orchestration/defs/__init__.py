"""The asset graph, one module per stage of the way of the data."""
